export { SimulatedBrowser, SimulatedSurroundings } from "./browser.js";
export { ADA, PLAYER, SimulatedPortal } from "./portal.js";
export { seeded } from "./random.js";
export { type Faults, NO_FAULTS, SimulatedSystem } from "./system.js";
