export { ATTACHMENTS } from "./attachments.js";
export { SimulatedBrowser, SimulatedEnvironment } from "./browser.js";
export { type Faults, NO_FAULTS, seeded } from "./faults.js";
export { ADA, PLAYER, SimulatedPortal } from "./portal.js";
export { SimulatedSystem } from "./system.js";
