/**
 * `cowdisk serve`: an image and its snapshots, alive, over NBD.
 *
 * All exports are one stack: what is written to the origin is kept from the snapshots, by whichever
 * connection it comes. A client names an export; a name that is not in the list leads nowhere. The stack
 * is changed by a second socket, the control socket (`live`, `dm`, `watch`).
 *
 * @module
 */

import { basename } from "node:path";
import process from "node:process";
import { type Command, Option } from "commander";
import { ControlServer } from "../../nbd/control_deno.ts";
import type { TlsPolicy } from "../../nbd/handshake/handshake.ts";
import type { NbdTls } from "../../nbd/link_deno.ts";
import { LiveStack } from "../../nbd/live/live_stack.ts";
import { ORIGIN_NAME } from "../../nbd/live/stack_parts.ts";
import { NbdServer } from "../../nbd/server_deno.ts";
import { readTlsCredentials } from "../../nbd/tls_deno.ts";
import { IMAGE_FILES, openCowImage } from "../control/image_files.ts";
import type { Environment } from "../environment.ts";
import { example } from "../example.ts";
import { CommandFailure, EXIT_CODES } from "../failure.ts";
import { requireDistinct } from "../files.ts";
import { collect, portOf } from "../options.ts";
import { parseDeviceUri } from "../view/device_uri.ts";
import { openDevice } from "../view/view.ts";

interface ServeFlags {
  readonly snapshot?: readonly string[];
  readonly socket?: string;
  readonly port?: number;
  readonly host: string;
  readonly socketActivation?: boolean;
  readonly stdio?: boolean;
  readonly readOnly?: boolean;
  readonly tls: TlsPolicy;
  readonly tlsCertificates?: string;
  readonly tlsVerifyPeer?: boolean;
  /** Where the control socket is; `false` for none. */
  readonly control?: string | false;
}

/** Refuses to guess where to listen. */
function requireOnePlace({ socket, port, socketActivation, stdio }: ServeFlags): void {
  const places = [socket, port, socketActivation, stdio];
  const count = places.filter((each) => each !== undefined).length;
  if (count === 1) return;
  throw new CommandFailure(
    `Found ${count} places to listen on: want one of --socket, --port, --socket-activation` +
      " and --stdio",
    EXIT_CODES.usage,
  );
}

/** The first file that is handed down, as `sd_listen_fds(3)` has it. */
const INHERITED_FD = 3;

/** Refuses to take a file for a socket that was not handed down to us. */
function requireInherited(): void {
  const { LISTEN_FDS: count, LISTEN_PID: pid } = process.env;
  if (count === "1" && pid === String(process.pid)) return;
  throw new CommandFailure(
    `Found LISTEN_FDS=${count ?? ""} and LISTEN_PID=${pid ?? ""}: want one socket, for process ` +
      `${process.pid}`,
  );
}

function requireOwnNames(cows: readonly string[]): void {
  const seen = new Set([ORIGIN_NAME]);
  for (const path of cows) {
    const name = basename(path);
    if (seen.has(name)) {
      throw new CommandFailure(`Cannot serve "${path}": there is an export "${name}" already`);
    }
    seen.add(name);
  }
}

/** Opens the stack. */
async function openStack(stack: LiveStack, word: string, flags: ServeFlags): Promise<void> {
  const uri = parseDeviceUri(word);
  const { snapshot: cows = [], readOnly: isReadOnly = false } = flags;
  const files = uri.kind === "file" ? { ORIGIN: uri.path } : {};
  const numbered = cows.map((cow, index) => [`--snapshot ${index + 1}`, cow]);
  requireDistinct({ ...files, ...Object.fromEntries(numbered) });
  requireOwnNames(cows);
  const use = isReadOnly ? "read" : "write";
  await stack.openOrigin(await openDevice(uri, uri.kind === "http" ? "read" : use), word);
  for (const path of cows) {
    await stack.openSnapshot(basename(path), openCowImage(path, use), path);
  }
}

/** Reads what TLS needs. Refuses what would leave somebody without the TLS that they asked for. */
function tlsOf({ tls, tlsCertificates, tlsVerifyPeer, stdio }: ServeFlags): NbdTls | undefined {
  const refuse = (sentence: string): never => {
    throw new CommandFailure(sentence, EXIT_CODES.usage);
  };
  if (tls === "off") {
    const isMeant = tlsCertificates !== undefined || tlsVerifyPeer === true;
    return isMeant ? refuse("Found certificates without TLS: want --tls on or require") : undefined;
  }
  if (stdio === true) return refuse("Cannot use TLS with --stdio: want a socket");
  const folder = tlsCertificates ??
    refuse(`Cannot use TLS without certificates: want --tls-certificates DIR`);
  return { policy: tls, credentials: readTlsCredentials(folder, tlsVerifyPeer ?? false) };
}

/** Says who can come in from elsewhere, unless it is nobody but who should. */
function warn({ err }: Environment, place: string, { tls, tlsVerifyPeer }: ServeFlags): void {
  const whoever = `anybody who reaches ${place} can read and write these disks`;
  if (tls !== "require") {
    const why = tls === "off" ? "there is no TLS and no password" : "TLS is not required";
    err.write(`cowdisk: WARNING: ${whoever}: ${why}\n`);
  } else if (tlsVerifyPeer !== true) {
    err.write(`cowdisk: ${whoever}, over TLS: no --tls-verify-peer\n`);
  }
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}

/** Listens where it is told, and says where. */
async function listen(
  environment: Environment,
  server: NbdServer,
  flags: ServeFlags,
): Promise<void> {
  const { socket, port, host, socketActivation, tls } = flags;
  const { err } = environment;
  const scheme = tls === "off" ? "nbd" : "nbds";
  if (socketActivation === true) {
    requireInherited();
    await server.listenInherited(INHERITED_FD);
  }
  if (socket !== undefined) {
    await server.listenUnix(socket);
    err.write(`cowdisk: serving ${scheme}+unix:///?socket=${socket}\n`);
  } else if (port !== undefined) {
    const found = await server.listenTcp(port, host);
    if (!isLoopback(host)) warn(environment, `${host}:${found}`, flags);
    const address = host.includes(":") ? `[${host}]` : host;
    err.write(`cowdisk: serving ${scheme}://${address}:${found}\n`);
  }
}

/** No more different failures than this are told. */
const FAILURES_TOLD_MAX = 100;

/** Tells of each failure once: a disk that is broken fails all day. */
function failureTeller({ err }: Environment): (error: unknown) => void {
  const told = new Set<string>();
  return (error) => {
    const sentence = error instanceof Error ? error.message : String(error);
    if (told.has(sentence) || told.size >= FAILURES_TOLD_MAX) return;
    told.add(sentence);
    err.write(`cowdisk: ${sentence}\n`);
  };
}

/** The control socket is beside the NBD socket, unless it is said where, or that there is none. */
function controlPathOf({ control, socket }: ServeFlags): string | null {
  if (control === false) return null;
  return control ?? (socket === undefined ? null : `${socket}.control`);
}

async function serve(environment: Environment, word: string, flags: ServeFlags): Promise<void> {
  requireOnePlace(flags);
  const tls = tlsOf(flags);
  const { err, clock } = environment;
  await using opened = new AsyncDisposableStack();
  const stack = opened.adopt(
    new LiveStack({
      shelf: IMAGE_FILES,
      isReadOnly: flags.readOnly ?? false,
      log: (line) => err.write(`device-mapper: ${line}\n`),
      onNotice: (sentence) => err.write(`cowdisk: ${sentence}\n`),
    }),
    (each) => each.close(),
  );
  await openStack(stack, word, flags);
  const onFailure = failureTeller(environment);
  const server = opened.adopt(
    new NbdServer({ exports: stack.exports, onFailure, ...tls && { tls } }),
    (each) => each.close(),
  );
  const control = opened.adopt(
    new ControlServer({
      stack,
      get clientCount() {
        return server.clientCount;
      },
      nowMs: () => clock.nowMs(),
    }),
    (each) => each.close(),
  );
  const { promise: interrupted, resolve: interrupt } = Promise.withResolvers<void>();
  const stopListening = environment.onInterrupt(interrupt);
  try {
    const controlPath = controlPathOf(flags);
    if (controlPath !== null) {
      await control.listen(controlPath);
      err.write(`cowdisk: control socket ${controlPath}\n`);
    }
    await listen(environment, server, flags);
    const ended = flags.stdio === true
      ? server.serveStreams(process.stdin, process.stdout)
      : interrupted;
    await Promise.race([ended, interrupted]);
  } finally {
    stopListening();
    // What a suspended device holds back would keep the server from its end.
    await stack.release();
  }
}

/**
 * Adds the command.
 *
 * @param program Where to.
 * @param environment The world.
 */
export function addServe(program: Command, environment: Environment): void {
  program.command("serve")
    .summary("serve ORIGIN and snapshots over NBD")
    .description(
      'Serves an image as the export "origin", which is also the default, and each snapshot under the ' +
        "name of its file, to any number of NBD clients at once. Writes to the origin are kept from the " +
        "snapshots. Meanwhile `live` takes, drops and merges snapshots, `dm` loads tables, and `watch` " +
        "shows it all. Ctrl-C finishes what is under way, flushes, and ends.",
    )
    .argument("<ORIGIN>", "the disk image, or mem:SIZE, or a URL")
    .option("--snapshot <COW>", "a snapshot's COW image (repeat)", collect)
    .option("--socket <path>", "listen on a Unix socket, for this user only")
    .option("--port <number>", "listen on TCP; 0 for a free port", portOf)
    .option("--host <address>", "with --port, the address", "127.0.0.1")
    .option("--socket-activation", "listen on the socket that systemd hands down")
    .option("--stdio", "serve one client on standard input and output")
    .option("--read-only", "refuse all writes")
    .addOption(
      new Option("--tls <policy>", "whether clients may or must use TLS")
        .choices(["off", "on", "require"]).default("off"),
    )
    .option("--tls-certificates <dir>", "ca-cert.pem, server-cert.pem and server-key.pem")
    .option("--tls-verify-peer", "only clients with a certificate of ca-cert.pem's authority")
    .option("--control <path>", "the control socket (default: that of --socket with .control)")
    .option("--no-control", "no control socket")
    .addHelpText(
      "after",
      example(
        "$ cowdisk serve disk.img --snapshot monday.cow --socket nbd.sock",
        "cowdisk: control socket nbd.sock.control",
        "cowdisk: serving nbd+unix:///?socket=nbd.sock",
        "^C",
      ),
    )
    .action((origin: string, flags: ServeFlags) => serve(environment, origin, flags));
}
