/** Somebody's browser, without a page: it becomes a device, seals `words` for whoever reads in a conversation, and sends. */
import { Api } from "../../clients/js/api.js";
import { MemoryStorage } from "../../clients/js/crypto/index.js";
import { Sealing } from "../../clients/js/sealing/sealing.js";
import { Store } from "../../clients/js/store.js";

const { base, token, me, conversation_id, client_id, words } = JSON.parse(process.argv[2]);
const api = new Api({ base: `${base}/api/v1/`, fetch, session: { token: async () => token } });
const store = new Store();
store.me = me;
const storage = new MemoryStorage();
const sealing = new Sealing({ api, store, fetch, keys: async () => storage });
await sealing.begin(async () => "a browser");
store.put({ ...(await api.get(`conversations/${conversation_id}/`)), messages: [] });
const place = { conversation_id, client_id };
const send = (sealed) => api.create(`conversations/${conversation_id}/messages/`, { ...sealed, client_id });
await sealing.sealUntil(place, { content: words }, send);
