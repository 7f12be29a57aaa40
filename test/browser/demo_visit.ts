/// <reference lib="dom" />
/** A visit to the demo, in the words of tests. */
import { expect, inject } from "vitest";
import { commands } from "vitest/browser";
import type { VisitorFacts } from "./demo_visitor.ts";

/** A hundredth of what is held to be good: a number that grows to the left, and no more. */
const SHIFT_MAX = 0.001;

/** The page, in a browser's window of its own. */
export class DemoVisit implements AsyncDisposable {
  readonly #id: number;

  private constructor(id: number) {
    this.#id = id;
  }

  /** Opens the page, and waits until it is drawn. */
  static async begin({ hash = "", ...facts }: VisitorFacts & { readonly hash?: string } = {}) {
    const visit = new DemoVisit(await commands.visitDemo(hash, inject("isIsolated"), facts));
    try {
      if (facts.hasScripts !== false) await visit.isDrawn();
      return visit;
    } catch (error) {
      await visit[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Opens the page once more, in a tab beside this one. */
  another(): Promise<DemoVisit> {
    return DemoVisit.begin({ beside: this.#id });
  }

  /** Waits until the page has begun. */
  async isDrawn(): Promise<void> {
    await this.waitFor(`document.body.dataset.state === "begun"`);
  }

  ask<Value>(expression: string): Promise<Value> {
    return commands.askDemo(this.#id, expression) as Promise<Value>;
  }

  waitFor(expression: string): Promise<void> {
    return commands.awaitDemo(this.#id, expression);
  }

  press(...keys: readonly string[]): Promise<void> {
    return commands.pressInDemo(this.#id, keys);
  }

  /** The text of an element. */
  textOf(selector: string): Promise<string> {
    return this.ask(`document.querySelector(${JSON.stringify(selector)}).innerText`);
  }

  /** Presses Tab until an element has the focus, as one without a mouse does. */
  async tabTo(selector: string, key: "Tab" | "Shift+Tab" = "Tab"): Promise<void> {
    if (await commands.walkInDemo(this.#id, key, selector)) return;
    throw new Error(`Cannot reach ${selector} by ${key}`);
  }

  /** Types a line into the command line. */
  begins(line: string): Promise<void> {
    return commands.enterInDemo(this.#id, line);
  }

  /** Types a line into the command line and waits until it has ended. */
  async run(line: string): Promise<void> {
    await this.begins(line);
    await this.waitFor(`document.querySelector(".answer:last-child.running") === null`);
  }

  type(text: string): Promise<void> {
    return commands.typeInDemo(this.#id, text);
  }

  /** Loads the page again, with the state that a link has, or without any. */
  async reload(hash = ""): Promise<void> {
    await commands.reloadDemo(this.#id, hash);
    await this.isDrawn();
  }

  /** Gives the page one of Linux's images, under a name. */
  give(name: string, image: string): Promise<void> {
    return commands.giveDemoImage(this.#id, name, image);
  }

  /** Drops one of Linux's images on the page; says whether the page has shown that it would take it. */
  drop(name: string, image: string): Promise<boolean> {
    return commands.dropDemoImage(this.#id, name, image);
  }

  /** The file that an expression makes the page offer. */
  async download(expression: string): Promise<Uint8Array<ArrayBuffer>> {
    return Uint8Array.fromBase64(await commands.downloadFromDemo(this.#id, expression));
  }

  /** What was fetched so far: paths, and bytes behind gzip. */
  fetched(): Promise<Record<string, number>> {
    return commands.fetchedByDemo(this.#id);
  }

  /** Nothing keeps people out, and nothing has moved by itself. */
  async check(): Promise<void> {
    expect(await commands.examineDemo(this.#id)).toEqual([]);
    const shifts = await this.ask<{ value: number; places: string[] }[]>("shifts");
    const sum = shifts.reduce((sum, { value }) => sum + value, 0);
    expect(sum, JSON.stringify(shifts)).toBeLessThan(SHIFT_MAX);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await commands.leaveDemo(this.#id);
  }
}
