/** The ports' conformance suite against a private Valkey, where one is installed. */
import { describe, test } from "bun:test";
import { findValkey } from "../../../test/kit/valkey.ts";
import { runOnOneServer } from "../test-kit/one-server-suite.ts";

const binary = findValkey();
if (binary === undefined) {
  console.warn("valkey-server is not installed: the conformance suite does not run on it here.");
  test.skipIf(true)("the conformance suite holds on Valkey", () => {});
} else {
  runOnOneServer({ describe, test }, { title: "valkey", binary });
}
