/**
 * How far a conversation counts as read, if everything up to a `seq` was on the screen: to before the first message that
 * was not shown, because it is a reply in a thread that was not viewed, or cannot be opened here.
 * @param {Store} store
 * @returns {{seq: number, thread_id: ?string}} `thread_id` is the thread whose reply is the first, where it is one
 */
export function shownUpTo(store, conversation_id, seq) {
  const read_seq = store.conversations.get(conversation_id)?.membership?.last_read_seq ?? 0;
  const unread = heldAfter(store, conversation_id, read_seq).filter((message) => message.seq <= seq);
  const is_hidden = (message) => (store.counts(message) && isUnseenReply(store, message)) || isShut(store, message);
  const hidden = unread.find(is_hidden);
  if (!hidden) return { seq, thread_id: null };
  return { seq: hidden.seq - 1, thread_id: isUnseenReply(store, hidden) ? hidden.thread_id : null };
}

/** Whether another user's message does not open here: not yet, or never. */
export function isShut(store, message) {
  return store.counts(message) && Boolean(store.reveal(message).sealing);
}

/** How many replies one has not seen, by the first message of their thread. @returns {Map<string, number>} */
export function unseenReplies(store, conversation_id) {
  const counts = new Map();
  const read_seq = store.conversations.get(conversation_id)?.membership?.last_read_seq ?? 0;
  for (const { message } of store.log(conversation_id).entries) {
    if (!message?.thread_id || !store.counts(message)) continue;
    const is_new = message.seq > (store.thread_marks.get(message.thread_id) ?? read_seq);
    if (is_new) counts.set(message.thread_id, (counts.get(message.thread_id) ?? 0) + 1);
  }
  return counts;
}

/** Messages after a `seq`, in the log and in the view far above it, ascending. */
function heldAfter(store, conversation_id, seq) {
  const log = store.log(conversation_id);
  const above = store.views.get(conversation_id)?.after(seq) ?? [];
  return [...above.filter((message) => message.seq < log.floor), ...log.after(seq)];
}

/** If a thread's first message is gone, no one sees its replies. */
function isUnseenReply(store, { thread_id, seq }) {
  if (!thread_id || store.find(thread_id)?.is_deleted) return false;
  return seq > (store.thread_marks.get(thread_id) ?? 0);
}

