/** A certificate for loopback that nobody trusts who is not told to. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Certificate {
  readonly certFile: string;
  readonly keyFile: string;
  /** The certificate itself, for clients that are to trust it. */
  readonly ca: Buffer;
  remove(): void;
}

/** Makes one by openssl, for `localhost` and 127.0.0.1. */
export const makeCertificate = (): Certificate => {
  const folder = mkdtempSync(join(tmpdir(), "muster-tls-"));
  const [keyFile, certFile] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const names = "subjectAltName=DNS:localhost,IP:127.0.0.1";
  execFileSync(
    "openssl",
    `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost -addext ${names} -keyout ${keyFile} -out ${certFile}`.split(
      " ",
    ),
    { stdio: "ignore" },
  );
  return {
    certFile,
    keyFile,
    ca: readFileSync(certFile),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
};
