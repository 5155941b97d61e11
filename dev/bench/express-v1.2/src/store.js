// PostgreSQL over a pool of connections. Named queries are prepared once a connection.

import { readFile } from "node:fs/promises";
import pg from "pg";
import { settings } from "./settings.js";

const pool = new pg.Pool({ connectionString: settings.databaseUrl, max: settings.databasePoolSize });
// A broken idle connection must not end the process.
pool.on("error", (error) => console.error(`database: ${error.message}`));

export async function createTables() {
  await pool.query(await readFile(new URL("../schema.sql", import.meta.url), "utf8"));
}

const useSession = `
  UPDATE chat_sessions SET last_message_at = now(),
    status = CASE WHEN $2 = 'staff' THEN 'active' ELSE status END
  WHERE id = (SELECT id FROM chat_sessions WHERE player_id = $1 AND status <> 'resolved' LIMIT 1)
  RETURNING id`;

const createSession = `
  INSERT INTO chat_sessions (player_id, player_name, status)
  VALUES ($1, $2, CASE WHEN $3 = 'staff' THEN 'active' ELSE 'pending' END) RETURNING id`;

// The id of the player's open session, which is created if there is none.
export async function findOrCreateSession({ playerId, playerName, senderType }) {
  const found = await query("use-session", useSession, [playerId, senderType]);
  if (found.length > 0) return found[0].id;
  const created = await query("create-session", createSession, [playerId, playerName, senderType]);
  return created[0].id;
}

const insert = `
  INSERT INTO chat_messages
    (id, session_id, player_id, sender_type, sender_id, sender_name, content, created_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`;

export async function insertMessage(sessionId, message) {
  const { messageId, playerId, senderType, senderId, senderName, content, acceptedAt } = message;
  const values = [messageId, sessionId, playerId, senderType, senderId, senderName, content, acceptedAt];
  await query("insert-message", insert, values);
}

const newest = `
  SELECT id AS "messageId", session_id AS "sessionId", player_id AS "playerId",
    sender_type AS "senderType", sender_id AS "senderId", sender_name AS "senderName", content,
    created_at AS "acceptedAt"
  FROM chat_messages WHERE player_id = $1 AND created_at < coalesce($2::timestamptz, 'infinity')
  ORDER BY created_at DESC, id DESC LIMIT $3`;

// The newest messages before a time, the oldest first.
export async function history(playerId, before, limit) {
  return (await query("history", newest, [playerId, before, limit])).reverse();
}

async function query(name, text, values) {
  return (await pool.query({ name, text, values })).rows;
}
