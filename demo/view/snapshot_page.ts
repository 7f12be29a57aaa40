/**
 * The page "Snapshot": an engine, and panels that show each of its scenes.
 *
 * @module
 */
import type { ChunkStory, DemoEngine, Outcome, Scene, StorageWord } from "../engine/scene.ts";
import { Aside } from "./aside.ts";
import { render } from "./html.ts";
import { LINES, PACE_MS } from "./lines.ts";
import { remember } from "./open_engine.ts";
import type { Answer, Page, Selection } from "./page.ts";
import { beatBar, beatControls, survivors } from "./panel/beat_bar.ts";
import { billPanel } from "./panel/bill.ts";
import { CommandLine } from "./panel/command_line.ts";
import { GuidePanel } from "./panel/guide_panel.ts";
import { historyRow } from "./panel/history.ts";
import { inspector } from "./panel/inspector.ts";
import { keepingPanel, listenForFiles } from "./panel/keeping.ts";
import { fillLegend } from "./panel/legend.ts";
import { Plots } from "./panel/plots.ts";
import { Stage } from "./strip/stage.ts";
import { stripWords } from "./strip/words.ts";

const $ = <Kind extends HTMLElement>(id: string) => document.getElementById(id) as Kind;

/** How many answers are kept. */
const ANSWERS_MAX = 200;

/** The page, from its first scene on. */
export class SnapshotPage implements Page {
  readonly engine: DemoEngine;
  readonly aside: Aside;
  readonly #stage: Stage;
  readonly #plots: Plots;
  readonly #commandLine: CommandLine;
  readonly #guide: GuidePanel;
  #selected: Selection | undefined;
  #story: ChunkStory | undefined;
  #storyOf = "";
  #answers: Answer[] = [];
  #told = "";
  #storage: StorageWord | undefined;

  /**
   * Fills the elements that are in the page already.
   *
   * @param engine What is shown.
   */
  constructor(engine: DemoEngine) {
    this.engine = engine;
    this.aside = new Aside(engine);
    this.#stage = new Stage($("strips"), {
      select: (strip, chunk) => this.select({ strip, chunk }),
      write: (strip, chunk) => void this.run(LINES.write(strip, chunk)),
    });
    this.#plots = new Plots($("plot"));
    this.#commandLine = new CommandLine($("command"), $("answers"), this);
    this.#guide = new GuidePanel($("guide"), this);
    fillLegend($("legend"));
    listenForFiles(this);
    $("link").addEventListener("click", () => this.#link());
    engine.onScene(() => this.show());
    this.show();
  }

  /**
   * Begins a visit: in memory there is nothing yet, and the guide makes it.
   *
   * @param isLink Whether what is there is a link's.
   */
  async begin(isLink: boolean): Promise<void> {
    if (!isLink && this.scene.storage === "memory") return await this.#guide.enter();
    this.#guide.leave();
    await this.engine.run(LINES.pace(PACE_MS));
  }

  get scene(): Scene {
    return this.engine.scene;
  }

  get selected(): Selection | undefined {
    return this.#selected;
  }

  get story(): ChunkStory | undefined {
    return this.#story;
  }

  get answers(): readonly Answer[] {
    return this.#answers;
  }

  async run(line: string): Promise<void> {
    const isMove = line.trimStart().startsWith("storage ");
    await this.#answer(line, isMove ? this.aside.move(line) : this.engine.run(line));
  }

  async play(lines: readonly string[]): Promise<void> {
    const { state, beatMs } = this.scene.tempo;
    if (state === "paused") await this.run(LINES.play);
    await this.engine.run(LINES.pace(0));
    for (const line of lines.slice(0, -1)) await this.run(line);
    await this.engine.run(LINES.pace(beatMs));
    await this.run(lines.at(-1)!);
  }

  async give(file: File): Promise<void> {
    await this.#answer(`give ${file.name}`, this.aside.give(file));
    // An image is another disk, and no step's.
    if (this.scene.log.length === 1 && this.scene.log[0]?.line.startsWith("give ")) {
      this.#guide.leave();
    }
  }

  select(selection: Selection | undefined): void {
    this.#selected = selection;
    this.#stage.show(this.scene, selection);
    this.#inspect();
  }

  /** Shows and says what nobody has asked for: how the page was opened. */
  note(text: string): void {
    this.#answers = [...this.#answers, { line: "open", text, outcome: "done" }];
    this.#commandLine.show(this.#answers);
    this.say(text);
  }

  say(text: string): void {
    if (text === this.#told) return;
    this.#told = text;
    $("live").textContent = text;
  }

  /** Shows the newest scene. */
  show(): void {
    const { scene } = this;
    document.body.dataset.power = scene.power;
    document.body.dataset.careless = String(scene.isCareless);
    if (scene.storage !== this.#storage) this.#keepIn(scene.storage);
    this.#stage.show(scene, this.#selected);
    render(beatBar(this), $("beats"));
    render(beatControls(this), $("controls"));
    render(survivors(this), $("survivors"));
    render(historyRow(this), $("history"));
    render(billPanel(this), $("bill"));
    render(keepingPanel(this), $("keeping"));
    this.#plots.show(scene.log);
    this.#guide.show();
    this.#inspect();
    this.#tell(scene);
  }

  /** Beats as they come; between commands what has become of the strips. */
  #tell({ beat, power, strips, survivors, tempo }: Scene): void {
    if (power === "off") this.say("The power is off.");
    else if (beat !== undefined) this.say(beat.text);
    else if (tempo.state === "idle") this.say([...survivors, ...strips.map(stripWords)].join(". "));
  }

  async #answer(line: string, outcome: Promise<Outcome>): Promise<void> {
    const answer: Answer = { line, text: "", outcome: "running" };
    this.#answers = [...this.#answers.slice(1 - ANSWERS_MAX), answer];
    this.#commandLine.show(this.#answers);
    const { isDone, text, file } = await outcome;
    const ended: Answer = { line, text, outcome: isDone ? "done" : "failed" };
    this.#answers = this.#answers.map((each) => each === answer ? ended : each);
    this.#commandLine.show(this.#answers);
    if (!isDone) this.say(text);
    if (file !== undefined) download(file.name, file.bytes);
  }

  /** What is kept elsewhere is more than the link that it may have begun with. */
  #keepIn(storage: StorageWord): void {
    const isFirst = this.#storage === undefined;
    this.#storage = storage;
    // What a visit begins in is no choice: a link's memory, or that of one who came second. And while
    // a world is put aside in a storage, the next visit begins with it.
    const isChosen = !isFirst && (storage !== "memory" || !this.aside.isKept);
    if (isChosen) remember(storage);
    if (storage !== "memory") globalThis.history.replaceState(null, "", location.pathname);
  }

  /** Asks for the story of what is pointed at, once for each state of it. */
  async #inspect(): Promise<void> {
    const asked = this.#selected;
    const key = asked && `${asked.strip} ${asked.chunk} ${this.scene.revision}`;
    if (key === this.#storyOf) return;
    this.#storyOf = key ?? "";
    if (asked !== undefined && this.scene.strips.some(({ name }) => name === asked.strip)) {
      const story = await this.engine.inspect(asked.strip, asked.chunk).catch(() => undefined);
      if (this.#storyOf !== key) return;
      this.#story = story;
    }
    render(inspector(this), $("inspector"));
  }

  /** The whole state into the address, and into the clipboard where that is allowed. */
  async #link(): Promise<void> {
    const url = new URL(location.href);
    url.hash = this.engine.link();
    globalThis.history.replaceState(null, "", url);
    const isCopied = await navigator.clipboard?.writeText(url.href).then(() => true, () => false);
    const words = isCopied ? "Link copied" : "Link is in the address bar";
    $("link-state").textContent = words;
    this.say(words);
  }
}

function download(name: string, bytes: Blob): void {
  const anchor = document.createElement("a");
  anchor.href = URL.createObjectURL(bytes);
  anchor.download = name;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(anchor.href), 60_000);
}
