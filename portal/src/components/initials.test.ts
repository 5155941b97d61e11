import { expect, test } from "vitest";
import { hueOf, initialsOf } from "./initials.js";

test("initials are whole graphemes, and of ids the last two", () => {
  expect(initialsOf("p1", "Bo Lindqvist")).toBe("BL");
  expect(initialsOf("p1", "👩‍👩‍👧 क्षमा")).toBe("👩‍👩‍👧क्ष");
  expect(initialsOf("p1", "🇩🇪")).toBe("🇩🇪");
  expect(initialsOf("Player 1999", null)).toBe("99");
  expect(initialsOf("player-42", "player-42")).toBe("42");
});

test("consecutive ids have different hues", () => {
  const hues = Array.from({ length: 120 }, (_, number) => hueOf(`p${number}`));
  expect(new Set(hues).size).toBe(12);
  const most = Math.max(
    ...[...new Set(hues)].map((hue) => hues.filter((each) => each === hue).length),
  );
  expect(most).toBeLessThan(25);
  // Neighbours in a list seldom look alike.
  const alike = hues.filter((hue, index) => hue === hues[index + 1]).length;
  expect(alike).toBeLessThan(25);
});
