/** What every build is for: scripts of 2024, and the first browsers with light-dark() and :dir(), which would be made :lang(). */
export const targets = {
  target: "es2024",
  cssTarget: ["chrome123", "firefox120", "safari17.5"],
};
