// The chat server that a good developer writes by hand in an afternoon: socket.io for the sockets, SQL for what is kept.
// Members may send and read; a message is acknowledged and goes to its room when it is committed. Nothing else.
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import pg from "pg";
import { Server } from "socket.io";

const { PORT, DATABASE_URL, SECRET } = process.env;

// Connections stay: what a backend of PostgreSQL used is not counted once it is gone.
const pool = new pg.Pool({ connectionString: DATABASE_URL, idleTimeoutMillis: 0 });

const ROOMS = `
  SELECT r.id, r.name, r.last_seq, m.last_read_seq FROM members m JOIN rooms r ON r.id = m.room_id WHERE m.user_id = $1`;
const SEND = `
  WITH room AS (UPDATE rooms SET last_seq = last_seq + 1 WHERE id = $1 RETURNING last_seq)
  INSERT INTO messages (room_id, seq, sender_id, client_id, content) SELECT $1, last_seq, $2, $3, $4 FROM room
  RETURNING room_id, seq, sender_id, client_id, content, created_at`;
const NEWEST = `
  SELECT m.seq, m.sender_id, u.name AS sender, m.client_id, m.content, m.created_at
  FROM messages m JOIN users u ON u.id = m.sender_id
  WHERE m.room_id = $1 AND EXISTS (SELECT FROM members WHERE room_id = $1 AND user_id = $2)
  ORDER BY m.seq DESC LIMIT $3`;
const LIST = `
  SELECT r.id, r.name, r.last_seq, m.last_read_seq, l.sender_id, u.name AS sender, l.content, l.created_at,
    (SELECT count(*)::int FROM messages
     WHERE room_id = r.id AND seq > m.last_read_seq AND sender_id <> m.user_id) AS unread
  FROM members m JOIN rooms r ON r.id = m.room_id
  LEFT JOIN messages l ON l.room_id = r.id AND l.seq = r.last_seq LEFT JOIN users u ON u.id = l.sender_id
  WHERE m.user_id = $1 ORDER BY l.created_at DESC NULLS LAST`;

// Prepared once for each connection.
const query = async (name, text, ...values) => (await pool.query({ name, text, values })).rows;

// A token is "ID.HMAC". Returns the user's ID, or undefined.
function userOf(token) {
  const [id, signature = ""] = String(token).split(".");
  const given = Buffer.from(signature, "hex");
  const right = createHmac("sha256", SECRET).update(id).digest();
  return given.length === right.length && timingSafeEqual(given, right) ? Number(id) : undefined;
}

async function answer(request, user) {
  const { pathname, searchParams } = new URL(request.url, "http://localhost");
  if (!user) return [401, { error: "unauthorized" }];
  if (pathname === "/rooms") return [200, await query("list", LIST, user)];
  const room = /^\/rooms\/(\d+)\/messages$/.exec(pathname)?.[1];
  if (!room) return [404, { error: "not_found" }];
  const limit = Math.min(Number(searchParams.get("limit")) || 50, 100);
  return [200, await query("newest", NEWEST, room, user, limit)];
}

const http = createServer(async (request, response) => {
  const user = userOf(request.headers.authorization?.replace("Bearer ", ""));
  const [status, body] = await answer(request, user).catch(() => [500, { error: "internal" }]);
  response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
});

const io = new Server(http, { serveClient: false });

io.use((socket, next) => {
  socket.data.user = userOf(socket.handshake.auth.token);
  next(socket.data.user ? undefined : new Error("unauthorized"));
});

io.on("connection", async (socket) => {
  const { user } = socket.data;
  socket.on("message.send", async ({ room_id, client_id, content }, acknowledge = () => {}) => {
    if (!socket.rooms.has(room_id)) return acknowledge({ ok: false, error: "not_found" });
    try {
      const [message] = await query("send", SEND, room_id, user, client_id, content);
      io.to(room_id).emit("message.created", message);
      acknowledge({ ok: true, client_id, seq: message.seq, created_at: message.created_at });
    } catch {
      acknowledge({ ok: false, error: "internal" });
    }
  });
  try {
    const rooms = await query("rooms", ROOMS, user);
    socket.join(rooms.map((room) => room.id));
    socket.emit("hello", { user_id: user, rooms });
  } catch {
    socket.disconnect(true);
  }
});

http.listen(Number(PORT), "127.0.0.1");
