/** What a letter says, sealed or not. */
export const contentOf = ({ said, body }) => (said ? said.content : (body.content ?? ""));

/** What may be written down of a letter; null: nothing yet. */
export function rowOf(letter) {
  const { said, body, hidden_row, parcels, are_files_kept } = letter;
  const row = said || body.envelope ? sealedRow(letter) : plainRow(letter);
  const may_be = said && !body.envelope ? hidden_row : row;
  if (!may_be) return null;
  const { parcels: waiting, are_files_kept: are_kept } = may_be === row ? { parcels, are_files_kept } : may_be;
  return waiting.length && !are_kept ? null : may_be;
}

function plainRow({ said, turns, is_waiting, preparing, hidden_row, ...letter }) {
  return letter;
}

/** Of what is sealed neither the text, nor what it quotes, nor the keys of its files. */
export function sealedRow(letter) {
  const { reply_to, attachments, ...row } = plainRow(letter);
  const quoted = reply_to && { id: reply_to.id, seq: reply_to.seq, sender: reply_to.sender };
  return { ...row, reply_to: quoted, attachments: attachments.map(({ sealed, ...upload }) => upload) };
}
