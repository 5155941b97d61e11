import { expect, test } from "vitest";
import { Clock } from "../clock.js";
import { type Problem, Problems } from "../problems.js";
import { Api } from "./api.js";
import { Tokens } from "./tokens.js";

/** An API whose gateway answers with `status`, with what it received and reported. */
function api(status: number) {
  const requests: Request[] = [];
  const problems: Problem[] = [];
  const fetcher = async (input: RequestInfo | URL) => {
    requests.push(input as Request);
    return new Response("{}", { status, headers: { "Content-Type": "application/json" } });
  };
  const made = new Api(
    "http://chat.example",
    new Tokens("token", null),
    new Clock(),
    fetcher,
    new Problems((problem) => problems.push(problem)),
  );
  return { made, requests, problems };
}

test("a mark outlives its page and has the token", async () => {
  const { made, requests } = api(202);
  expect((await made.mark("p1", { messageId: "m" })).ok).toBe(true);
  const [request] = requests;
  expect(request?.url).toBe("http://chat.example/api/unified-chat/conversations/p1/read");
  expect(request?.keepalive).toBe(true);
  expect(request?.headers.get("authorization")).toBe("Bearer token");
  expect(await request?.json()).toEqual({ messageId: "m" });
});

test("a refused mark is no problem for the portal's developers, a failed one is", async () => {
  for (const [status, reported] of [
    [403, 0],
    [404, 0],
    [503, 1],
  ] as const) {
    const { made, problems } = api(status);
    expect((await made.mark("p1", { messageId: "m" })).ok).toBe(false);
    expect(problems).toHaveLength(reported);
  }
});
