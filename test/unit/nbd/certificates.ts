/**
 * Certificates made on the spot: an authority, a server and a client of it, and another authority with a
 * client of its own. Made once a process, in a folder that is gone at its end; nothing of it is kept.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { findProgram, packageAdvice } from "../../setup.ts";

/** Folders as qemu, nbdkit and libnbd have them. */
export interface Certificates {
  /** `ca-cert.pem`, `server-cert.pem`, `server-key.pem`. */
  readonly server: string;
  /** `ca-cert.pem`, `client-cert.pem`, `client-key.pem`. */
  readonly client: string;
  /** `ca-cert.pem` alone. */
  readonly nobody: string;
  /** As `client`, of an authority that the server does not know, and that does not know the server. */
  readonly stranger: string;
  /** The stranger's certificate with the server's authority: a client that is refused, not one that refuses. */
  readonly impostor: string;
}

function openssl(folder: string, ...words: string[]): void {
  const { status, stderr } = spawnSync(findProgram("openssl") ?? "openssl", words, {
    cwd: folder,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`openssl ${words[0]}: ${stderr}`);
}

const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

function makeAuthority(folder: string, name: string): void {
  const files = ["-keyout", `${name}-key.pem`, "-out", `${name}-cert.pem`];
  openssl(folder, "req", "-x509", ...NEW_KEY, ...files, "-days", "2", "-subj", `/CN=${name}`);
}

function makeCertificate(folder: string, authority: string, name: string, use: string): void {
  writeFileSync(
    join(folder, "extensions"),
    `subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=${use}\n`,
  );
  const request = ["-keyout", `${name}-key.pem`, "-out", `${name}.csr`, "-subj", `/CN=${name}`];
  openssl(folder, "req", ...NEW_KEY, ...request);
  const by = ["-CA", `${authority}-cert.pem`, "-CAkey", `${authority}-key.pem`, "-CAcreateserial"];
  const made = ["-extfile", "extensions", "-out", `${name}-cert.pem`, "-days", "2"];
  openssl(folder, "x509", "-req", "-in", `${name}.csr`, ...by, ...made);
}

/** Puts a certificate and its authority's where a program looks for them. */
function lay(folder: string, name: string, authority: string, own?: [string, string]): string {
  const path = join(folder, name);
  mkdirSync(path);
  copyFileSync(join(folder, `${authority}-cert.pem`), join(path, "ca-cert.pem"));
  if (own === undefined) return path;
  const [from, to] = own;
  for (const part of ["cert", "key"]) {
    copyFileSync(join(folder, `${from}-${part}.pem`), join(path, `${to}-${part}.pem`));
  }
  return path;
}

function make(): Certificates {
  const advice = packageAdvice("certificates");
  if (advice !== null) throw new Error(advice);
  const folder = mkdtempSync(join(tmpdir(), "cowdisk-tls-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  for (const authority of ["ours", "theirs"]) makeAuthority(folder, authority);
  makeCertificate(folder, "ours", "alice", "serverAuth");
  makeCertificate(folder, "ours", "bob", "clientAuth");
  makeCertificate(folder, "theirs", "mallory", "clientAuth");
  return {
    server: lay(folder, "server", "ours", ["alice", "server"]),
    client: lay(folder, "client", "ours", ["bob", "client"]),
    nobody: lay(folder, "nobody", "ours"),
    stranger: lay(folder, "stranger", "theirs", ["mallory", "client"]),
    impostor: lay(folder, "impostor", "ours", ["mallory", "client"]),
  };
}

let made: Certificates | null = null;

/** The certificates of this process. */
export function certificates(): Certificates {
  return made ??= make();
}
