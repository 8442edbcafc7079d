CREATE TABLE users (id serial PRIMARY KEY, name text NOT NULL);

CREATE TABLE rooms (id serial PRIMARY KEY, name text NOT NULL, last_seq int NOT NULL DEFAULT 0);

CREATE TABLE members (
    room_id int NOT NULL REFERENCES rooms,
    user_id int NOT NULL REFERENCES users,
    last_read_seq int NOT NULL DEFAULT 0,
    PRIMARY KEY (user_id, room_id)
);

CREATE TABLE messages (
    room_id int NOT NULL REFERENCES rooms,
    seq int NOT NULL,
    sender_id int NOT NULL REFERENCES users,
    client_id text NOT NULL,
    content text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (room_id, seq)
);
