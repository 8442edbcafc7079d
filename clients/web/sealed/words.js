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

/** "bob uses a new device", from an entry of the log. @param {string} name of the person; "You" for oneself */
export function keyChangeText({ kind }, name) {
  if (kind === "added") return name === "You" ? "You use a new device" : `${name} uses a new device`;
  return name === "You" ? "Your keys have changed" : `${name}'s keys have changed`;
}

/** What one should know of somebody's keys before one writes. */
export function warningText({ what }, name) {
  const change = what === "added" ? `${name} uses a new device` : `${name}'s keys have changed`;
  return `${change} since you wrote or compared last.`;
}
