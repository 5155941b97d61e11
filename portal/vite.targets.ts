/**
 * The targets of every build: ES2024, and the first browsers with light-dark() and :dir(), so that
 * neither is transformed.
 */
export const targets = {
  target: "es2024",
  cssTarget: ["chrome123", "firefox120", "safari17.5"],
};
