/**
 * The verbs of the control protocol: a request in, a value out.
 *
 * | verb | fields | result |
 * |---|---|---|
 * | `status` | | a {@linkcode ServerReport} |
 * | `take` | `name`, `path`; `chunkSectors`, `sectorCount`, `store`, `force` | |
 * | `drop` | `name`; `remove` | `path` |
 * | `merge` | `name` | `chunkCount`: it has begun |
 * | `attach` | `path`; `sectorCount` to make it | `name`, `number` |
 * | `detach` | `image` | |
 * | `dm` | `words`; `input` | `exitStatus`, `stdout`, `stderr` |
 *
 * Paths are the server's; a client makes them absolute.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { BlockDeviceError } from "../../block/errors.ts";
import type { LiveStack } from "../live/live_stack.ts";
import type { SnapshotRequest } from "../live/snapshot_taking.ts";
import { reportStack, type StackReport } from "../live/stack_report.ts";
import type { ControlRequest } from "./control_request.ts";

/** What can be controlled. */
export interface ControlledServer {
  /** The stack. */
  readonly stack: LiveStack;
  /** How many clients there are. */
  readonly clientCount: number;
  /** The time, in milliseconds since some fixed moment. */
  nowMs(): number;
}

/** A server at one moment. */
export interface ServerReport extends StackReport {
  /** When that was, in milliseconds since some fixed moment. */
  readonly timeMs: number;
  /** How many NBD clients there are. */
  readonly clientCount: number;
}

/** Reads its fields, all of them, and only then does something. */
type Verb = (request: ControlRequest, server: ControlledServer) => () => Promise<unknown>;

function readSnapshotRequest(request: ControlRequest): SnapshotRequest {
  const chunkSectors = request.sectors("chunkSectors");
  const sectorCount = request.sectors("sectorCount");
  const store = request.choice("store", ["P", "PO"]);
  return {
    name: request.text("name"),
    path: request.text("path"),
    force: request.flag("force"),
    ...chunkSectors === undefined ? {} : { chunkSectors },
    ...sectorCount === undefined ? {} : { sectorCount },
    ...store === undefined ? {} : { store },
  };
}

const VERBS: ReadonlyMap<string, Verb> = new Map<string, Verb>([
  ["status", (_request, server) => async () => {
    await Promise.resolve();
    return {
      timeMs: server.nowMs(),
      clientCount: server.clientCount,
      ...reportStack(server.stack),
    } satisfies ServerReport;
  }],
  ["take", (request, { stack }) => {
    const snapshot = readSnapshotRequest(request);
    return () => stack.take(snapshot);
  }],
  ["drop", (request, { stack }) => {
    const [name, remove] = [request.text("name"), request.flag("remove")];
    return async () => ({ path: await stack.drop(name, remove) });
  }],
  ["merge", (request, { stack }) => {
    const name = request.text("name");
    return async () => ({ chunkCount: (await stack.merge(name)).chunkCount });
  }],
  ["attach", (request, { stack }) => {
    const [path, sectorCount] = [request.text("path"), request.sectors("sectorCount")];
    return async () => {
      const { name, number } = await stack.attach(path, sectorCount);
      return { name, number };
    };
  }],
  ["detach", (request, { stack }) => {
    const image = request.text("image");
    return () => stack.detach(image);
  }],
  ["dm", (request, { stack }) => {
    const [words, input] = [request.words("words"), request.textOrNone("input")];
    return async () => {
      const { exitStatus, stdout, stderr } = await stack.dm(words, input);
      return { exitStatus, stdout, stderr };
    };
  }],
]);

/**
 * Does what a request asks for.
 *
 * @param request The request.
 * @param server The server.
 * @returns The result, which can be sent as JSON.
 * @throws {BlockDeviceError} `EINVAL` when the request is none, and then nothing was done; what the verb
 * fails with.
 */
export async function performControl(
  request: ControlRequest,
  server: ControlledServer,
): Promise<unknown> {
  const name = request.text("verb", 40);
  const verb = VERBS.get(name);
  if (verb === undefined) {
    const known = [...VERBS.keys()].join(", ");
    throw new BlockDeviceError("EINVAL", `Cannot do "${name}": want one of ${known}`);
  }
  const act = verb(request, server);
  request.end();
  return await act();
}
