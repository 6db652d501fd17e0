/** Runs one program to its end. */
import { spawn } from "node:child_process";
import { root } from "./paths.mjs";

/**
 * Resolves to the exit code and, unless `show`, to what was printed. `show` passes its output on to
 * our stderr, since stdout is for data.
 */
export const run = (program, args, { show = false, cwd = root, env = {}, timeoutMs = 0 } = {}) =>
  new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: show ? ["ignore", 2, 2] : ["ignore", "pipe", "pipe"],
      timeout: timeoutMs,
    });
    let output = "";
    const keep = (chunk) => {
      output += chunk;
    };
    child.stdout?.setEncoding("utf8").on("data", keep);
    child.stderr?.setEncoding("utf8").on("data", keep);
    child.once("error", (error) => resolve({ code: 127, output: error.message }));
    child.once("close", (code, signal) => resolve({ code: code ?? 1, signal, output }));
  });
