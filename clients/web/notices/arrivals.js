/**
 * What the service worker says.
 * @param {object} on
 * @param {(place: string) => void} on.open somebody has clicked a notification: go to this fragment
 * @param {() => void} on.subscribed the browser has another subscription now
 * @param {(conversation_id: string) => boolean} on.looksAt whether somebody looks at a conversation
 */
export function hearWorker(on, signal) {
  const hear = ({ data, ports: [port] }) => {
    if (data.type === "open") on.open(data.place);
    else if (data.type === "subscribed") on.subscribed();
    else if (data.type === "looks_at") port.postMessage(on.looksAt(data.conversation_id));
  };
  navigator.serviceWorker?.addEventListener("message", hear, { signal });
}
