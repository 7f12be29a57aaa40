/// <reference lib="dom" />
/** A visit to the demo, in the words of tests. */
import { expect } from "vitest";
import { commands } from "vitest/browser";
import type { VisitorFacts } from "./demo_visitor.ts";

const PAGE = new URL("../../demo/index.html", import.meta.url);

/** The page, in a browser's window of its own. */
export class DemoVisit implements AsyncDisposable {
  readonly #id: number;

  private constructor(id: number) {
    this.#id = id;
  }

  /** Opens the page, and waits until it is drawn. */
  static async begin(facts: VisitorFacts & { readonly hash?: string } = {}): Promise<DemoVisit> {
    const visit = new DemoVisit(await commands.visitDemo(`${PAGE}${facts.hash ?? ""}`, facts));
    if (facts.hasScripts !== false) await visit.isDrawn();
    return visit;
  }

  /** Waits until the engine has shown a scene. */
  async isDrawn(): Promise<void> {
    await this.waitFor(`document.querySelector(".cells")?.width > 0`);
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
    for (let count = 0; count < 60; count++) {
      if (await this.ask(`document.activeElement.matches(${JSON.stringify(selector)})`)) return;
      await this.press(key);
    }
    throw new Error(`Cannot reach ${selector} by ${key}`);
  }

  /** Types a line into the command line and waits until it has ended. */
  async run(line: string): Promise<void> {
    await this.ask(`document.querySelector("#command input").focus()`);
    const before = await this.ask<number>(`document.querySelectorAll(".answer").length`);
    await commands.typeInDemo(this.#id, line);
    await this.press("Enter");
    await this.waitFor(`document.querySelectorAll(".answer").length > ${before}`);
    await this.waitFor(`document.querySelector(".answer:last-child.running") === null`);
  }

  type(text: string): Promise<void> {
    return commands.typeInDemo(this.#id, text);
  }

  async reload(hash?: string): Promise<void> {
    await commands.reloadDemo(this.#id, hash === undefined ? null : `${PAGE}${hash}`);
    await this.isDrawn();
  }

  give(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    return commands.giveDemoFile(this.#id, name, bytes.toBase64());
  }

  /** The file that an expression makes the page offer. */
  async download(expression: string): Promise<Uint8Array<ArrayBuffer>> {
    return Uint8Array.fromBase64(await commands.downloadFromDemo(this.#id, expression));
  }

  /** Nothing keeps people out, and nothing has moved by itself. */
  async check(): Promise<void> {
    expect(await commands.examineDemo(this.#id)).toEqual([]);
    expect(await this.ask("shifts")).toEqual([]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await commands.leaveDemo(this.#id);
  }
}
