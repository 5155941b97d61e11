import { compare } from "../src/core/order.js";
import type { Attachment, Message, Note, Session } from "../src/core/types.js";
import type { Stored } from "./store.js";

/** A time in RFC 3339, with as few digits of a second as possible. */
export function rfc3339(at: number): string {
  const seconds = new Date(Math.floor(at / 1_000_000) * 1000).toISOString().slice(0, 19);
  const rest = String(at % 1_000_000).padStart(6, "0");
  if (rest === "000000") return `${seconds}Z`;
  return `${seconds}.${rest.endsWith("000") ? rest.slice(0, 3) : rest}Z`;
}

/** The files of a message, as events and the history have them. */
function attachmentsOf(attachments: readonly Attachment[]) {
  if (attachments.length === 0) return {};
  const files = attachments.map(({ width, height, ...file }) =>
    width === null || height === null ? file : { ...file, width, height },
  );
  return { attachments: files };
}

/** A message, as an event has it. */
export function eventOf(message: Message) {
  const { at, seq, sessionId, truncated, playerName, attachments, ...rest } = message;
  return {
    ...rest,
    ...attachmentsOf(attachments),
    ...(playerName === null ? {} : { playerName }),
    acceptedAt: rfc3339(at),
    ...(truncated ? { truncated } : {}),
  };
}

/** A digest of players' messages that lists at most `listed` players. */
export function digestOf(messages: readonly Message[], notes: readonly Note[], listed: number) {
  const players = new Map<string, Message[]>();
  for (const message of messages) {
    players.set(message.playerId, [...(players.get(message.playerId) ?? []), message]);
  }
  const all = [...players.values()].map((theirs) => theirs.sort(compare));
  return {
    players: all.slice(0, listed).map((theirs) => digestEntryOf(theirs)),
    unlisted: all.slice(listed).reduce((sum, { length }) => sum + length, 0),
    ...(notes.length === 0 ? {} : { notes: digestNotesOf(notes) }),
    lastAcceptedAt: rfc3339(Math.max(...[...messages, ...notes].map(({ at }) => at))),
  };
}

function digestNotesOf(notes: readonly Note[]) {
  return [...new Set(notes.map(({ playerId }) => playerId))].map((player) => {
    const theirs = notes.filter(({ playerId }) => playerId === player);
    const mentions = [...new Set(theirs.flatMap((note) => note.mentions))];
    return { playerId: player, count: theirs.length, mentions };
  });
}

function digestEntryOf(messages: readonly Message[]) {
  const last = messages.at(-1) as Message;
  return {
    playerId: last.playerId,
    ...(last.playerName === null ? {} : { playerName: last.playerName }),
    count: messages.length,
    lastMessageId: last.messageId,
    lastAcceptedAt: rfc3339(last.at),
  };
}

/** A message, as the history has it. */
export function historyOf({ at, truncated, playerName, attachments, ...rest }: Stored) {
  return { ...rest, ...attachmentsOf(attachments), acceptedAt: rfc3339(at) };
}

/** A session, as players' history and events have it. */
export function sessionOf(session: Session) {
  const { id, playerId, playerName, status, openedAt, lastMessageAt, resolvedAt } = session;
  return {
    ...{ id, playerId, playerName, status, version: session.version },
    openedAt: rfc3339(openedAt),
    lastMessageAt: rfc3339(lastMessageAt),
    resolvedAt: resolvedAt === null ? null : rfc3339(resolvedAt),
    ...(session.assigneeName === null ? {} : { assigneeName: session.assigneeName }),
  };
}

/** A session, as staff's history and inbox have it: with what only staff keeps about it. */
export function deskSessionOf(session: Session) {
  const { assigneeId, assignedAt, team, tags, priority, language } = session;
  return {
    ...sessionOf(session),
    ...(assigneeId === null ? {} : { assigneeId }),
    ...(assignedAt === null ? {} : { assignedAt: rfc3339(assignedAt) }),
    ...(team === null ? {} : { team }),
    ...(tags.length === 0 ? {} : { tags }),
    ...(priority === "normal" ? {} : { priority }),
    ...(language === null ? {} : { language }),
  };
}

/** A session, as staff's events have it. */
export function staffSessionOf(session: Session, staleChangeIds: readonly string[]) {
  const { actorId, actorName } = session;
  return {
    ...deskSessionOf(session),
    ...(actorId === null ? {} : { actorId }),
    ...(actorName === null ? {} : { actorName }),
    ...(staleChangeIds.length === 0 ? {} : { staleChangeIds }),
  };
}

export function json(
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): Response {
  const type = status < 400 ? "application/json" : "application/problem+json";
  return new Response(JSON.stringify(body), {
    status,
    headers: { "Content-Type": type, ...headers },
  });
}

export function problem(
  status: number,
  name: string,
  headers: Record<string, string> = {},
  field: string | null = null,
  text: string | null = null,
): Response {
  const type = `urn:problem-type:player-portal-chat:${name}`;
  const invalid = field === null ? {} : { field };
  const detail = text ?? (field === null ? name : `\`${field}\` is invalid`);
  return json(status, { type, title: name, status, detail, ...invalid }, headers);
}

/** The answer to what the gateway could not accept now. */
export const notAccepted = (): Response => problem(503, "not-accepted", { "Retry-After": "1" });
