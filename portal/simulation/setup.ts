import { afterEach, beforeEach, vi } from "vitest";
import { seeded } from "./faults.js";
import { type PortalOptions, SimulatedPortal } from "./portal.js";
import { SimulatedSystem } from "./system.js";

/** A system for each test, in simulated time. Its portals are closed after the test. */
export function simulate(): {
  system(): SimulatedSystem;
  portal(options?: PortalOptions): SimulatedPortal;
} {
  let system = new SimulatedSystem(seeded(1));
  let portals: SimulatedPortal[] = [];
  beforeEach(() => {
    vi.useFakeTimers({ now: new Date("2026-01-01T12:00:00Z") });
    system = new SimulatedSystem(seeded(1));
    portals = [];
  });
  afterEach(() => {
    for (const portal of portals) portal.close();
    vi.useRealTimers();
  });
  return {
    system: () => system,
    portal: (options) => {
      const portal = new SimulatedPortal(system, options);
      portals.push(portal);
      return portal;
    },
  };
}

/** Advances the simulated time. */
export const seconds = async (count: number): Promise<void> => {
  await vi.advanceTimersByTimeAsync(count * 1000);
};
