/**
 * Image hosts for pages: started, spoilt and ended by commands that vitest performs in its own process.
 *
 * @module
 */
import { patternOf } from "../../src/testing/mod.ts";
import { FaultServer } from "../http/fault_server.ts";
import { type Fault, type HostOptions, ImageHost } from "../http/image_host.ts";

/** A host that was started. */
export interface HostFacts {
  readonly id: number;
  readonly url: string;
}

/** What a host answered so far. */
export interface VisitFacts {
  readonly count: number;
  readonly faults: readonly Fault[];
  /** The ranges that were asked for, in order. */
  readonly ranges: readonly string[];
}

const hosts = new Map<number, { readonly host: ImageHost; readonly server: FaultServer }>();
let hostCount = 0;

function hostOf(id: number): { readonly host: ImageHost; readonly server: FaultServer } {
  const found = hosts.get(id);
  if (found === undefined) throw new RangeError(`Cannot use the host ${id}: it was not started`);
  return found;
}

/** What pages may ask for. The first argument of each is vitest's own. */
export const imageServerCommands = {
  /** Starts a host of an image of a pattern. */
  async startImageHost(
    _: unknown,
    seed: number,
    sectorCount: number,
    options: HostOptions = {},
  ): Promise<HostFacts> {
    const host = new ImageHost(patternOf(seed, 0, sectorCount), { etag: `"v${seed}"`, ...options });
    const server = await FaultServer.start(host);
    const id = ++hostCount;
    hosts.set(id, { host, server });
    return { id, url: server.url };
  },

  /** Spoils the answers to come, first come first; `null` is an honest one. */
  spoilAnswers(_: unknown, id: number, faults: (Fault | null)[]): void {
    hostOf(id).host.nextFault = () => faults.shift() ?? null;
  },

  /** Puts another pattern, and another ETag or what is told, in the place of the image. */
  replaceImage(
    _: unknown,
    id: number,
    seed: number,
    sectorCount: number,
    options: HostOptions = { etag: `"v${seed}"` },
  ): void {
    hostOf(id).host.replace(patternOf(seed, 0, sectorCount), options);
  },

  /** What was answered. */
  visitsOf(_: unknown, id: number): VisitFacts {
    const { visits, ranges } = hostOf(id).host;
    const faults = visits.flatMap(({ fault }) => fault === null ? [] : [fault]);
    return { count: visits.length, faults, ranges };
  },

  /** Ends a host. */
  async endImageHost(_: unknown, id: number): Promise<void> {
    await hostOf(id).server[Symbol.asyncDispose]();
    hosts.delete(id);
  },
};

declare module "vitest/browser" {
  interface BrowserCommands {
    startImageHost(
      seed: number,
      sectorCount: number,
      options?: HostOptions,
    ): Promise<HostFacts>;
    spoilAnswers(id: number, faults: (Fault | null)[]): Promise<void>;
    replaceImage(
      id: number,
      seed: number,
      sectorCount: number,
      options?: HostOptions,
    ): Promise<void>;
    visitsOf(id: number): Promise<VisitFacts>;
    endImageHost(id: number): Promise<void>;
  }
}
