import { expect, test } from "vitest";
import type { CannedReply } from "../types.js";
import { filled, firstVariable, textOf, variablesIn } from "./variables.js";

const VALUES = { playerName: "Bo {playerId}", staffName: null, playerId: "bo-1815" };

test("known variables are filled once, and those without a value stay", () => {
  const body = "Hi {playerName} ({playerId}), {staffName} here about {order_1}. {not this}";
  expect(filled(body, VALUES)).toBe(
    "Hi Bo {playerId} (bo-1815), {staffName} here about {order_1}. {not this}",
  );
  expect(variablesIn("{a} {b} {a} {} {1}")).toEqual(["a", "b"]);
});

test("the first wanted variable is found with its place", () => {
  expect(firstVariable("{a} and {b}", new Set(["b"]))).toEqual({ start: 8, end: 11 });
  expect(firstVariable("{a}", new Set(["b"]))).toBeNull();
});

test("the language is the player's, else the desk's, else the first", () => {
  const bodies = { fr: "Bonjour", en: "Hello", "pt-BR": "Olá" };
  const reply: CannedReply = { id: "r", shortcut: "hi", title: "Hi", team: null, bodies };
  expect(textOf(reply, ["en-GB", "fr"])?.body).toBe("Hello");
  expect(textOf(reply, ["pt", "fr"])?.body).toBe("Olá");
  expect(textOf(reply, ["de", "en"])?.language).toBe("en");
  expect(textOf(reply, [null, "de"])?.body).toBe("Bonjour");
  expect(textOf({ ...reply, bodies: {} }, ["en"])).toBeNull();
});
