/// <reference lib="dom" />
/**
 * The tab "Bench": what the kernel and the storages do on the visitor's own machine.
 *
 * @module
 */
import { nothing, render } from "../view/html.ts";
import { loadStyle } from "../view/style.ts";
import { BenchTab } from "./bench_tab.ts";

/**
 * Fills an element with the benchmark.
 *
 * @param element The element; it is empty.
 * @returns What ends it and empties the element.
 */
export async function mount(element: HTMLElement): Promise<() => void> {
  await loadStyle(new URL("./bench.css", import.meta.url));
  const tab = new BenchTab(element);
  const onHash = () => tab.readLink();
  addEventListener("hashchange", onHash);
  return () => {
    removeEventListener("hashchange", onHash);
    tab.end();
    render(nothing, element);
  };
}
