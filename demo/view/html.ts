/**
 * The one door to lit-html: templates that change only what is different.
 *
 * @module
 */
export { html, nothing, render, svg, type TemplateResult } from "lit-html";
export { live } from "lit-html/directives/live.js";
