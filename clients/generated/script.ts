/** What an app does first, with the client that openapi-typescript and openapi-fetch make of the document. */
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

declare const process: { argv: string[] };
const [base, login, password] = process.argv.slice(2) as [string, string, string];
const api = createClient<paths>({ baseUrl: base });

const refused = await api.POST("/api/v1/auth/login/", { body: { login, password: "another" } });
const signed_in = await api.POST("/api/v1/auth/login/", { body: { login, password } });
if (!signed_in.data) throw new Error(signed_in.error.detail);
const { access } = signed_in.data;
api.use({ onRequest: ({ request }) => request.headers.set("Authorization", `Bearer ${access}`) });

const begun = await api.POST("/api/v1/conversations/", { body: { kind: "group", name: "Friends" } });
if (!begun.data) throw new Error(begun.error.detail);
const { id } = begun.data;
const path = { id };

const text = new File(["a few words"], "words.txt", { type: "text/plain" });
const file = await api.POST("/api/v1/media/", {
  body: { conversation_id: id, kind: "document", file: text as unknown as string },
  bodySerializer: (body) => {
    const form = new FormData();
    for (const [name, value] of Object.entries(body)) form.append(name, value as string);
    return form;
  },
});
if (!file.data) throw new Error(file.error.detail);

const body: components["schemas"]["NewMessage"] = { content: "Hello", client_id: "one", metadata: { mood: "good" } };
const first = await api.POST("/api/v1/conversations/{id}/messages/", { params: { path }, body });
const again = await api.POST("/api/v1/conversations/{id}/messages/", { params: { path }, body });
await api.POST("/api/v1/conversations/{id}/messages/", {
  params: { path },
  body: { attachment_ids: [file.data.id] },
});
const history = await api.GET("/api/v1/conversations/{id}/messages/", { params: { path, query: { limit: 10 } } });
const log = await api.GET("/api/v1/conversations/{id}/log/", { params: { path, query: { after: 0 } } });
const bytes = await api.GET("/api/v1/media/{id}/content/", {
  params: { path: { id: file.data.id } },
  parseAs: "text",
});
const out = await api.POST("/api/v1/auth/logout/");

console.log(
  JSON.stringify({
    refused: refused.error?.code,
    is_repeat: first.data?.id === again.data?.id,
    metadata: first.data?.metadata,
    read: history.data?.results.map(({ content, attachments }) => [content, attachments.map((one) => one.filename)]),
    entries: log.data?.entries.map(({ type, seq }) => [seq, type]),
    bytes: bytes.data,
    out: out.response.status,
  }),
);
