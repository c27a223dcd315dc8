export { ledger } from "./app.ts";
