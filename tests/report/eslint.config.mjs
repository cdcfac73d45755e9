// How the report's scripts are linted. ESLint itself is in .tools/report: scripts/test-envs puts it there.
import { createRequire } from "node:module";

const { default: js } = await import(createRequire(new URL("../../.tools/report/", import.meta.url)).resolve("@eslint/js"));

const names = (text) => Object.fromEntries(text.split(" ").map((name) => [name, "readonly"]));
const BROWSER =
  "document window location history navigator localStorage getSelection getComputedStyle matchMedia Blob URL Response " +
  "DecompressionStream atob btoa setTimeout clearTimeout requestAnimationFrame XMLSerializer Image Event CSS " +
  "ResizeObserver DOMMatrix Path2D innerWidth innerHeight console fetch AbortController TextDecoder IntersectionObserver " +
  "URLSearchParams";

export default [
  js.configs.recommended,
  {
    languageOptions: { ecmaVersion: 2023, sourceType: "module", globals: names(BROWSER) },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      eqeqeq: "error",
      "no-var": "error",
      "prefer-const": "error",
      "no-implicit-globals": "error",
      "no-shadow": ["error", { builtinGlobals: false }],
      "no-eval": "error",
      "no-new-func": "error",
      "no-console": "error",
      // Texts from outside enter the page as text: nothing reads them as HTML, and the policy allows no style attribute.
      "no-restricted-properties": [
        "error",
        ...["innerHTML", "outerHTML", "insertAdjacentHTML", "setHTMLUnsafe", "cssText"].map((property) => ({ property })),
        { object: "document", property: "write" },
      ],
      "no-restricted-syntax": [
        "error",
        { selector: "Property[key.name='style']", message: "The policy allows no style attribute: use a class." },
      ],
    },
  },
  { files: ["**/*.mjs"], languageOptions: { globals: names("process console URL structuredClone EventTarget") } },
];
