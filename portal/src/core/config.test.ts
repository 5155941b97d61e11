import { expect, test } from "vitest";
import { readMarksOf } from "./config.js";

const config = { pusher: { key: "key" }, channelAccess: "private" } as const;

test("a gateway without the setting, or with an unknown one, keeps no read marks", () => {
  expect(readMarksOf(config)).toBe("off");
  expect(readMarksOf({ ...config, readMarks: "later" as "off" })).toBe("off");
  for (const readMarks of ["off", "staff", "both"] as const)
    expect(readMarksOf({ ...config, readMarks })).toBe(readMarks);
});
