export { acceptCompletion, autocompletion, closeBrackets, closeBracketsKeymap, completeFromList, completionKeymap } from "@codemirror/autocomplete";
export { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
export { keywordCompletionSource, PostgreSQL, sql, SQLite } from "@codemirror/lang-sql";
export { bracketMatching, HighlightStyle, syntaxHighlighting, syntaxTree } from "@codemirror/language";
export { EditorState, Prec } from "@codemirror/state";
export { Decoration, drawSelection, EditorView, highlightSpecialChars, keymap, lineNumbers, MatchDecorator, ViewPlugin } from "@codemirror/view";
export { tags } from "@lezer/highlight";
