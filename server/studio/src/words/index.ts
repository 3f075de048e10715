// The words of the person's language; a language is a file beside this one and a line in TABLES.
import { computed, signal } from "@preact/signals";
import { ar } from "./ar";
import { de } from "./de";
import { en, type Words } from "./en";
import { id } from "./id";
import { ur } from "./ur";
import { zh } from "./zh";

export const TABLES: Record<string, Words> = { en, ar, de, id, ur, zh };
const RIGHT_TO_LEFT = new Set(["ar", "ur"]);

export const locale = signal(navigator.language);
const language = computed(() => locale.value.split("-")[0] ?? "en");
const table = computed(() => TABLES[language.value] ?? en);

export const direction = computed(() =>
  TABLES[language.value] && RIGHT_TO_LEFT.has(language.value) ? "rtl" : "ltr");
export const spoken = computed(() => (TABLES[language.value] ? language.value : "en"));

export function t(key: keyof Words, values: Record<string, string | number> = {}): string {
  return table.value[key].replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
}

export function money(usd: number): string {
  const digits = usd > 0 && usd < 0.1 ? 4 : 2;
  return new Intl.NumberFormat(spoken.value, {
    style: "currency", currency: "USD", currencyDisplay: "narrowSymbol",
    minimumFractionDigits: 2, maximumFractionDigits: digits,
  }).format(usd);
}

/** A price before it is paid. */
export function cost({ usd, free }: { usd: number | null; free: boolean }): string {
  if (free) return t("priceFree");
  return usd === null ? t("priceUnknown") : t("price", { usd: money(usd) });
}

export function percent(share: number): string {
  const digits = share < 0.1 ? 1 : 0;
  return new Intl.NumberFormat(spoken.value, { style: "percent", maximumFractionDigits: digits }).format(share);
}

export function when(iso: string): string {
  const options: Intl.DateTimeFormatOptions = { dateStyle: "medium", timeStyle: "short" };
  return new Intl.DateTimeFormat(spoken.value, options).format(new Date(iso));
}
