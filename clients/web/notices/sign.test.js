import assert from "node:assert/strict";
import { test } from "node:test";

import { Store } from "../../js/chat.js";
import { alice, conversation } from "../../js/fakes.js";
import { waitingCount } from "./sign.js";

function countOf(conversations, unread = 0) {
  const store = new Store();
  store.me = alice;
  for (const [at, { muted_until = null, ...fields }] of conversations.entries()) {
    const { membership } = conversation();
    store.put(conversation({ id: `c${at}`, membership: { ...membership, muted_until }, ...fields }));
  }
  store.notices.count({ unread, mentions: 0 });
  return waitingCount(store);
}

test("nothing waits where all is read", () => {
  assert.equal(countOf([{}]), 0);
});

test("each conversation with unread messages counts once, also before it is told of", () => {
  assert.equal(countOf([{ unread_count: 5 }, { unread_count: 1 }, {}]), 2);
  assert.equal(countOf([{ unread_count: 5 }, { unread_count: 1 }], 2), 2);
});

test("what else one is told of counts, too", () => {
  assert.equal(countOf([{ unread_count: 5 }], 3), 3);
});

test("muted conversations keep quiet", () => {
  assert.equal(countOf([{ unread_count: 5, muted_until: "9999-01-01T00:00:00Z" }]), 0);
  assert.equal(countOf([{ unread_count: 5, muted_until: "2020-01-01T00:00:00Z" }]), 1);
});
