const REASONS = {
  opening: "…",
  not_a_recipient: "Sealed before this device was there",
  unsupported: "This browser cannot open it",
  untrusted: "Not sealed as it should be, so it is not shown",
};

/** What stands in place of a sealed message that is not open. @param {string} code from `chat.sealing.reveal` */
export function unopenedText(code) {
  return REASONS[code] ?? "Could not be verified";
}

/** "bob added a new device", from an entry of the log. @param {string} name of the person; "You" for oneself */
export function keyChangeText({ kind }, name) {
  if (kind === "added") return name === "You" ? "You added a new device" : `${name} added a new device`;
  return name === "You" ? "Your keys have changed" : `${name}'s keys have changed`;
}

/**
 * What somebody should know before they write, from `chat.sealing.readersOf`.
 * @param {object} warning
 * @param {(user_id: string) => string} nameOf "You" for oneself
 */
export function warningText(warning, nameOf) {
  if (warning.what === "forked") return forkText(nameOf(warning.by), nameOf(warning.user_id));
  const name = nameOf(warning.user_id);
  return name === "You" ? ownText(warning) : theirText(warning, name);
}

function theirText({ what, is_held }, name) {
  const change = what === "added" ? `${name} added a new device.` : `${name}'s keys have changed.`;
  return is_held ? `${change} You compared safety numbers before that, so nothing is sent until you decide.` : change;
}

function ownText({ what, is_held }) {
  const change =
    what === "added" ? "A new device was added to your account." : "The keys of one of your devices have changed.";
  const advice = "If that wasn't you, sign the device out and change your password.";
  return is_held ? `${change} ${advice} Nothing is sent until you decide.` : `${change} ${advice}`;
}

function forkText(sender, name) {
  const whose = name === "You" ? "for you" : `for ${name}`;
  const who = sender === "You" ? "Another device of yours" : sender;
  const device = sender === "You" ? "that device" : `${sender}'s device`;
  return `${who} was shown other keys ${whose} than this device. Either the server or ${device} can't be trusted.`;
}
