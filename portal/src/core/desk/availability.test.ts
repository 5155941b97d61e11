import { expect, test } from "vitest";
import { ADA } from "../../../simulation/index.js";
import { seconds, simulate } from "../../../simulation/setup.js";

const { system, portal } = simulate();

const sent = () => system().desk.availabilities.map(({ status }) => status);

test("an open desk sends its availability at once, on a change and each minute", async () => {
  system().desk.enabled = true;
  const { availability } = portal({ identity: ADA }).chat;
  const close = availability.open();
  await seconds(2);
  expect(sent()).toEqual(["online"]);
  await seconds(61);
  expect(sent()).toEqual(["online", "online"]);
  availability.set({ status: "away", capacity: 3 });
  await seconds(2);
  expect(system().desk.availabilities.at(-1)).toEqual({
    ...{ staffId: "ada", status: "away", capacity: 3 },
  });
  close();
  await seconds(300);
  expect(sent()).toEqual(["online", "online", "away"]);
});

test("a refused availability is sent again after Retry-After, with the latest choice", async () => {
  system().desk.enabled = true;
  system().faults.sendsFail = true;
  const { availability } = portal({ identity: ADA }).chat;
  const close = availability.open();
  await seconds(0.5);
  availability.set({ status: "reassign", capacity: null });
  await seconds(10);
  expect(availability.failed).toBe(true);
  expect(sent()).toEqual([]);
  system().faults.sendsFail = false;
  await seconds(60);
  expect(availability.failed).toBe(false);
  expect(new Set(sent())).toEqual(new Set(["reassign"]));
  close();
});

test("a desk takes over what the user has set on another device", async () => {
  system().desk.enabled = true;
  const phone = portal({ identity: ADA }).chat.availability;
  const closePhone = phone.open();
  await seconds(2);
  phone.set({ status: "away", capacity: 3 });
  await seconds(2);
  const { availability } = portal({ identity: ADA }).chat;
  const close = availability.open();
  await seconds(2);
  expect(availability.inForce).toEqual({ status: "away", capacity: 3 });
  availability.set({ status: "online", capacity: 3 });
  expect([availability.isSaving, availability.inForce.status]).toEqual([true, "away"]);
  await seconds(2);
  expect([availability.isSaving, availability.inForce.status]).toEqual([false, "online"]);
  await seconds(65);
  expect(phone.inForce.status).toBe("online");
  expect(sent().at(-1)).toBe("online");
  close();
  closePhone();
});

test("a gateway without a team desk is sent no availability", async () => {
  const { availability, directory } = portal({ identity: ADA }).chat;
  const ends = [availability.open(), directory.open()];
  await seconds(130);
  expect(sent()).toEqual([]);
  expect(directory.list).toBeNull();
  for (const end of ends) end();
});
