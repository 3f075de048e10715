import { expect, test, vi } from "vitest";

vi.stubGlobal("navigator", { language: "ur-PK" });
const { direction, locale, percent, spoken, t, TABLES } = await import("../src/words");
const { en } = await import("../src/words/en");

const blanks = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(String).sort();

test("every language has every word, with the same blanks to fill in, and none left in English", () => {
  for (const [language, table] of Object.entries(TABLES)) {
    expect(Object.keys(table).sort(), language).toEqual(Object.keys(en).sort());
    for (const [key, english] of Object.entries(en)) {
      const text = table[key as keyof typeof en];
      expect(text.trim(), `${language}.${key}`).not.toBe("");
      expect(blanks(text), `${language}.${key}`).toEqual(blanks(english));
      if (["ar", "ur", "zh"].includes(language)) expect(text, `${language}.${key}`).toMatch(/[^\x00-\x7f]/);
    }
  }
});

test("the person's language and its direction; an unknown one reads English", () => {
  expect([spoken.value, direction.value, t("undo")]).toEqual(["ur", "rtl", "واپس پھیریں"]);
  locale.value = "de-AT";
  expect([spoken.value, direction.value, t("pictures", { n: 3 })]).toEqual(["de", "ltr", "3 Bilder"]);
  expect(percent(0.5)).toBe("50\u00a0%");
  locale.value = "he";
  expect([spoken.value, direction.value]).toEqual(["en", "ltr"]);
});
