// What sealing and opening cost in JavaScript: node bench/sealing.mjs SUITE DEVICES ROUNDS → {seal_ms, open_ms, bytes}
import { makeDevice, openMessage, readDevice, sealMessage } from "../clients/js/crypto/index.js";

const [suite, devices, rounds] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const id = (number) => `01900000-0000-7000-8000-${String(number).padStart(12, "0")}`;

const { device } = await makeDevice({ user_id: id(1), suite });
const own = { ...device, id: id(1) };
const keys = await readDevice(own);
// Keys cost seconds to make and are wrapped for alike: the recipients differ in their ids alone.
const recipients = Array.from({ length: devices }, (_, number) => ({ ...keys, id: id(number + 1) }));

// A head for each device, as if each were of another person: the most that there can be.
const heads = recipients.map(({ id }) => ({ user: id, number: 1, hash: "ab".repeat(32) }));
const place = (number) => ({ conversation_id: id(0), client_id: `message ${number}` });
const sealed = [];
const took = async (deed) => {
  const began = performance.now();
  for (let number = 0; number < rounds; number += 1) await deed(number);
  return (performance.now() - began) / rounds;
};
const body = { content: "Shall we meet at the station at six?" };
const seal = async (number) => {
  sealed[number] = await sealMessage({ body, device: own, recipients, roster_seq: 7, heads, ...place(number) });
};
const open = async (number) => {
  await openMessage({ envelope: sealed[number], sender: recipients[0], devices: [own], ...place(number) });
};
await seal(0);
const seal_ms = await took(seal);
const open_ms = await took(open);
console.log(JSON.stringify({ seal_ms, open_ms, bytes: JSON.stringify(sealed[0]).length }));
