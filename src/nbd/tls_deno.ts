/**
 * TLS on a socket that was in the clear so far, with certificates from a folder as qemu and nbdkit have it.
 *
 * | file | is |
 * |---|---|
 * | `ca-cert.pem` | who signs clients' certificates |
 * | `server-cert.pem`, `server-key.pem` | who we are |
 *
 * With `verifiesPeer` a client without a certificate of that authority does not come in: it hears so from
 * TLS, not from NBD. Without, whoever reaches the socket may come in, and only is not listened to on the way.
 *
 * Deno checks a client's certificate in its `Server` and not in its `TLSSocket`. So every upgrade has a server
 * of its own that listens nowhere and is given one socket.
 *
 * @module
 */

import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Socket } from "node:net";
import { join } from "node:path";
import { createServer, type TLSSocket } from "node:tls";
import { BlockDeviceError } from "../block/errors.ts";
import { refusalOf } from "../devices/file_io.ts";

/** Who we are, and whom we believe. */
export interface TlsCredentials {
  /** The authority's certificate, as PEM. */
  readonly authority: string;
  /** The server's certificate, as PEM. */
  readonly certificate: string;
  /** Its private key, as PEM. */
  readonly key: string;
  /** Whether a client must have a certificate of that authority. */
  readonly verifiesPeer: boolean;
}

function readPem(folder: string, name: string): string {
  const path = join(folder, name);
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw refusalOf(error, `Cannot read "${path}"`, { device: path });
  }
}

function parsed<Result>(folder: string, name: string, parse: () => Result): Result {
  try {
    return parse();
  } catch (cause) {
    const sentence = `Cannot use "${join(folder, name)}": found something else, want PEM`;
    throw new BlockDeviceError("EINVAL", sentence, { cause });
  }
}

/**
 * Reads certificates.
 *
 * @param folder Where `ca-cert.pem`, `server-cert.pem` and `server-key.pem` are.
 * @param verifiesPeer Whether a client must have a certificate of the authority.
 * @returns What {@linkcode beginTls} takes.
 * @throws {BlockDeviceError} `EINVAL` when a file is no PEM, or the key is another certificate's; `ENOENT`,
 * `EPERM` or `EIO` when one cannot be read.
 */
export function readTlsCredentials(folder: string, verifiesPeer: boolean): TlsCredentials {
  const [authority, certificate, key] = ["ca-cert.pem", "server-cert.pem", "server-key.pem"]
    .map((name) => readPem(folder, name)) as [string, string, string];
  parsed(folder, "ca-cert.pem", () => new X509Certificate(authority));
  const own = parsed(folder, "server-cert.pem", () => new X509Certificate(certificate));
  const ownKey = parsed(folder, "server-key.pem", () => createPrivateKey(key));
  if (!own.checkPrivateKey(ownKey)) {
    const path = join(folder, "server-key.pem");
    throw new BlockDeviceError("EINVAL", `Cannot use "${path}": it is another certificate's key`);
  }
  return { authority, certificate, key, verifiesPeer };
}

/**
 * Begins TLS on a socket, as its server.
 *
 * @param socket The socket. It must not be read any more by anybody else; it is TLS's own from here on.
 * @param credentials Who we are, and whom we believe.
 * @returns What comes and goes through TLS. Rejected when the other side does not speak TLS, breaks off or
 * is not believed; the socket is destroyed then. Who says nothing, or goes before the first word of TLS, is
 * waited for, because Deno does not tell: to set a limit, destroy the socket.
 */
export function beginTls(
  socket: Socket,
  { authority, certificate, key, verifiesPeer }: TlsCredentials,
): Promise<TLSSocket> {
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>();
  const server = createServer({
    ...{ ca: authority, cert: certificate, key, minVersion: "TLSv1.2", allowHalfOpen: true },
    ...{ requestCert: verifiesPeer, rejectUnauthorized: verifiesPeer },
  });
  server.once("secureConnection", resolve);
  server.once("tlsClientError", (error) => {
    socket.destroy();
    reject(error);
  });
  server.emit("connection", socket);
  return promise;
}
