export { formatDialect, postgresql, sqlite } from "sql-formatter";
