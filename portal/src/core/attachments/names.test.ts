import { expect, test } from "vitest";
import { fileName, shownType, typeOf } from "./names.js";

test("a name has neither a path nor characters that hide its ending", () => {
  expect(fileName("../boss.png")).toBe(".._boss.png");
  expect(fileName("a\\b\u0000.png")).toBe("a_b_.png");
  expect(fileName("cod\u202egpj.exe")).toBe("codgpj.exe");
  expect(fileName(" \u200f ")).toBe("file");
  const long = fileName(`${"ü".repeat(300)}.png`);
  expect([...long]).toHaveLength(200);
  expect(long.endsWith(".png")).toBe(true);
});

test("a file that the browser has no type for has that of its ending", () => {
  expect(typeOf({ name: "client.log", type: "" })).toBe("text/plain");
  expect(typeOf({ name: "client.log", type: "text/x-log" })).toBe("text/plain");
  expect(typeOf({ name: "page.html", type: "text/html" })).toBe("text/html");
  expect(typeOf({ name: "a.zip", type: "application/x-zip-compressed" })).toBe("application/zip");
  expect(typeOf({ name: "noending", type: "" })).toBe("");
});

test("types are shown as people know them", () => {
  expect(["image/png", "image/jpeg", "application/pdf", "text/plain"].map(shownType)).toEqual([
    ...["PNG", "JPEG", "PDF", "TXT"],
  ]);
});
