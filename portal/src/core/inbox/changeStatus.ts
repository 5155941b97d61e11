import type { Actor, Api, StatusRequest } from "../api/api.js";
import { isTransient, type Outcome, retryAfter } from "../api/failure.js";
import { backoff, type Random } from "../backoff.js";
import type { Identity } from "../types.js";

/** The number of attempts before the user sees a failure. */
const ATTEMPTS = 5;

/** Takes (`active`) or resolves a conversation's open session. */
export function changeStatus(
  api: Api,
  playerId: string,
  request: StatusRequest,
  random: Random,
): Promise<Outcome<null>> {
  return requestChange(() => api.changeStatus(playerId, request), random);
}

/**
 * Requests a change. A transient failure is retried with the same id for some seconds only, since
 * the user can ask again.
 */
export async function requestChange(
  call: () => Promise<Outcome<null>>,
  random: Random,
): Promise<Outcome<null>> {
  let outcome = await call();
  for (let failures = 1; failures < ATTEMPTS; failures += 1) {
    if (outcome.ok || !isTransient(outcome.failure)) return outcome;
    const wait = backoff(failures, random, retryAfter(outcome.failure));
    await new Promise((resolve) => setTimeout(resolve, wait));
    outcome = await call();
  }
  return outcome;
}

/** The actor of a change, as the request has it. */
export function actorOf({ subject, name }: Identity): Actor {
  return { actorId: subject, ...(name === null ? {} : { actorName: name }) };
}
