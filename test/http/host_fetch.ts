/**
 * An image host as a `fetch`, without a network: for tests by seed, in simulated time.
 *
 * It keeps books: how many answers were under way at once, and how many bodies were neither read to
 * their end nor dropped.
 *
 * @module
 */
import type { Clock } from "../../src/block/clock.ts";
import type { Fetch } from "../../src/devices/http.ts";
import type { ImageHost, Reply } from "./image_host.ts";

/** How a fetch behaves. */
export interface HostFetchOptions {
  /** What latency passes by. Without one everything comes at once. */
  readonly clock?: Clock;
  /** The time until a head comes, in milliseconds. */
  readonly latencyMs?: () => number;
  /** The most bytes of a body that come at once. */
  readonly pieceBytes?: () => number;
  /** Whether it takes no notice of its signal. */
  readonly isDeaf?: boolean;
}

/** A `fetch` from an image host. */
export class HostFetch {
  /** Answers under way: asked for, and not failed, ended or dropped yet. */
  openCount = 0;
  openCountMax = 0;
  /** Bytes of bodies that were handed out. */
  sentBytes = 0;
  /** The URLs that were asked for. */
  readonly urls: string[] = [];
  readonly #host: ImageHost;
  readonly #options: HostFetchOptions;

  constructor(host: ImageHost, options: HostFetchOptions = {}) {
    this.#host = host;
    this.#options = options;
  }

  /** To be handed to a device. */
  readonly fetch: Fetch = async (url, init) => {
    this.urls.push(url);
    this.openCountMax = Math.max(this.openCountMax, ++this.openCount);
    try {
      const signal = this.#options.isDeaf ? undefined : init.signal ?? undefined;
      return await this.#answer(new Headers(init.headers), signal);
    } catch (error) {
      this.openCount--;
      throw error;
    }
  };

  async #answer(headers: Headers, signal?: AbortSignal): Promise<Response> {
    const { clock, latencyMs } = this.#options;
    signal?.throwIfAborted();
    const latency = clock?.sleep(latencyMs?.() ?? 0);
    if (latency !== undefined) await Promise.race([latency, never(signal)]);
    const reply = this.#host.answer(headers);
    if (reply.status === -1) await never(signal);
    if (reply.status === 0) throw new TypeError("the connection was refused");
    const told = Object.entries(reply.headers).filter(([, value]) => value !== "");
    return new Response(this.#bodyOf(reply, signal), { status: reply.status, headers: told });
  }

  #bodyOf(reply: Reply, signal?: AbortSignal): ReadableStream<Uint8Array<ArrayBuffer>> {
    let done = 0;
    let isOpen = true;
    const close = () => {
      if (isOpen) this.openCount--;
      isOpen = false;
    };
    return new ReadableStream({
      start: (controller) => {
        signal?.addEventListener("abort", () => {
          if (!isOpen) return;
          close();
          controller.error(signal.reason);
        });
      },
      pull: async (controller) => {
        const { body, ending } = reply;
        const pieceBytes = Math.max(1, this.#options.pieceBytes?.() ?? Infinity);
        let piece = body.slice(done, done + Math.min(pieceBytes, body.length));
        done += piece.length;
        if (piece.length === 0) {
          if (ending === "whole") {
            close();
            return controller.close();
          }
          if (ending === "stall") await never(signal).catch(() => {});
          if (ending === "drop" && isOpen) {
            close();
            controller.error(new TypeError("the connection broke off"));
          }
          piece = new Uint8Array(1000).fill(0xee);
        }
        if (!isOpen) return;
        this.sentBytes += piece.length;
        controller.enqueue(piece);
      },
      cancel: close,
    }, { highWaterMark: 0 });
  }
}

/** Waits for a signal only. */
function never(signal?: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener("abort", () => reject(signal.reason));
  });
}
