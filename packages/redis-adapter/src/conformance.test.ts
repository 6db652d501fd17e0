/** The ports' conformance suite against a private Redis. */
import { describe, test } from "bun:test";
import { runOnOneServer } from "../test-kit/one-server-suite.ts";

runOnOneServer({ describe, test }, { title: "redis" });
