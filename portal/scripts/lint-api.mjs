// Lints what client generators read: openapi.json, and the events in docs/events.json.
import { createConfig, lint } from "@redocly/openapi-core";

const config = await createConfig({
  extends: ["recommended"],
  rules: {
    // A liveness or readiness that is asked for is answered, whatever is asked.
    "operation-4xx-response": "off",
    // An SPDX expression of two licences has no address.
    "info-license-strict": "off",
  },
});
let failed = false;
for (const ref of ["../gateway/openapi.json", "../docs/events.json"]) {
  for (const { message, ruleId, location } of await lint({ ref, config })) {
    failed = true;
    process.stderr.write(`${ref}${location[0]?.pointer ?? ""}: ${message} (${ruleId})\n`);
  }
}
if (failed) process.exit(1);
