// Puts the editor in the place of the SQL page's text area, which stays in the form, hidden, with the same text.

import {
  acceptCompletion, autocompletion, bracketMatching, closeBrackets, closeBracketsKeymap, completionKeymap, Decoration,
  defaultKeymap, drawSelection, EditorState, EditorView, highlightSpecialChars, HighlightStyle, history, historyKeymap,
  indentWithTab, keymap, keywordCompletionSource, lineNumbers, MatchDecorator, PostgreSQL, Prec, sql, SQLite,
  syntaxHighlighting, tags, ViewPlugin,
} from "./vendor/codemirror.min.js";
import { nameSource } from "./completion.js";

const told = JSON.parse(document.getElementById("sql-editor-settings")?.textContent || "{}");
const dialect = told.dialect === "postgresql" ? PostgreSQL : SQLite;
const textarea = document.querySelector("textarea#sql-editor");
const readOnly = document.querySelector("pre#sql-query");
const COLOURS = [
  { tag: [tags.keyword, tags.typeName], color: "var(--sqle-keyword)" },
  { tag: tags.special(tags.string), color: "var(--sqle-name)" }, // a name in double quotes
  { tag: tags.string, color: "var(--sqle-string)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--sqle-number)" },
  { tag: tags.comment, color: "var(--sqle-comment)", fontStyle: "italic" },
  { tag: tags.standard(tags.name), color: "var(--sqle-name)" },
];

const view = textarea && edit(textarea);
offerFormatting();

function edit(textarea) {
  const form = textarea.form;
  const run = () => {
    form.requestSubmit();
    return true;
  };
  const parent = document.createElement("div");
  parent.className = "sql-editor";
  textarea.after(parent);
  const label = textarea.getAttribute("aria-label") || "SQL";
  const hint = document.createElement("p");
  const modifier = /Mac|iP(hone|ad)/.test(navigator.platform) ? "⌘" : "Ctrl";
  hint.className = "sql-editor-hint";
  hint.id = "sql-editor-hint";
  hint.innerHTML = `<kbd>${modifier}</kbd> <kbd>Enter</kbd> runs it, <kbd>Ctrl</kbd> <kbd>Space</kbd> completes, <kbd>Esc</kbd> then <kbd>Tab</kbd> leaves the editor`;
  const view = new EditorView({
    parent,
    doc: textarea.value,
    extensions: [
      Prec.highest(keymap.of([{ key: "Mod-Enter", run }, { key: "Shift-Enter", run }])),
      keymap.of([{ key: "Tab", run: acceptCompletion }]),
      keymap.of([...closeBracketsKeymap, ...completionKeymap, ...defaultKeymap, ...historyKeymap, indentWithTab]),
      lineNumbers(), history(), drawSelection(), highlightSpecialChars(), bracketMatching(), closeBrackets(),
      EditorView.lineWrapping,
      EditorState.allowMultipleSelections.of(true),
      EditorView.contentAttributes.of({ "aria-label": label, "aria-describedby": hint.id, spellcheck: "false" }),
      sql({ dialect }).language,
      syntaxHighlighting(HighlightStyle.define(COLOURS)),
      parameters(),
      autocompletion({ override: [nameSource(told.names), keywordCompletionSource(dialect, false, keyword)], icons: false }),
      EditorView.updateListener.of((update) => {
        if (update.docChanged) textarea.value = update.state.doc.toString();
      }),
    ],
  });
  parent.append(hint);
  textarea.hidden = true;
  textarea.labels?.forEach((one) => one.addEventListener("click", () => view.focus()));
  return view;
}

function keyword(label, type) {
  return { label, type, boost: -20 };
}

/** `:name` is a parameter, `::real` a cast. */
function parameters() {
  const matcher = new MatchDecorator({ regexp: /(?<![:\w\]])(?<=^|[\s(,=<>+*/|-]):[a-z_]\w*/gi, decoration: Decoration.mark({ class: "cm-parameter" }) });
  return ViewPlugin.define(
    (view) => ({
      decorations: matcher.createDeco(view),
      update(update) {
        this.decorations = matcher.updateDeco(update, this.decorations);
      },
    }),
    { decorations: (plugin) => plugin.decorations },
  );
}

/** The formatter, as large as half the page, comes when it is first wanted. */
function offerFormatting() {
  const button = document.querySelector("button#sql-format");
  if (!button || !(view || readOnly)) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const before = view ? view.state.doc.toString() : readOnly.textContent;
    const after = await formatted(before);
    if (!view) readOnly.textContent = after;
    else if (after !== before) view.dispatch({ changes: { from: 0, to: before.length, insert: after }, selection: { anchor: 0 } });
  });
}

/** Text that the formatter doesn't understand stays as it is. */
async function formatted(text) {
  const { formatDialect, postgresql, sqlite } = await import("./vendor/formatter.min.js");
  try {
    return formatDialect(text, {
      dialect: told.dialect === "postgresql" ? postgresql : sqlite,
      paramTypes: { named: [":"] },
    });
  } catch {
    return text;
  }
}
