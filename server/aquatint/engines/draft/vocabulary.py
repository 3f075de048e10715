"""What a prompt's words say about colours and subject, in six languages."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from math import cos, radians, sin
from random import Random

RGB = tuple[int, int, int]

# hue in degrees and chroma share of OKLCH, lightness (0 as it comes, 1 light, -1 dark), words
COLOURS: tuple[tuple[int, float, int, str], ...] = (
    (27, 1, 0,
     "red ruby crimson scarlet cherry rot~ merah أحمر حمراء سرخ لال 红 紅"),
    (355, 0.8, 0, "pink rosa magenta pastel وردي گلابی 粉"),
    (55, 1, 0, "orange oranye jingga برتقالي نارنجی 橙 橘"),
    (85, 1, 0,
     "gold golden goldene yellow gelb~ emas kuning ذهبي ذهبية أصفر صفراء سنہری پیلا زرد 金 "
     "黄"),
    (148, 0.9, 0,
     "green emerald mint grün~ hijau أخضر خضراء سبز ہرا 绿 綠"),
    (195, 0.7, 0,
     "teal turquoise türkis~ cyan toska فيروزي فیروزی 青"),
    (256, 1, 0,
     "blue navy azure indigo blau~ biru أزرق زرقاء نیلا نیلی نیلے 蓝 藍"),
    (303, 0.9, 0,
     "purple violet lavender lila violett~ ungu بنفسجي جامنی 紫"),
    (52, 0.45, 0,
     "brown coffee chocolate wood braun~ kaffee holz cokelat coklat kopi kayu بني قهوة "
     "بھورا کافی چائے 棕 咖啡 木"),
    (260, 0.1, 0,
     "gray grey silver concrete grau~ silber abu perak رمادي فضي سرمئی 灰 银"),
    (270, 0.12, -1,
     "black dark schwarz~ dunkel~ hitam gelap أسود سوداء داكن سیاہ کالا 黑 暗"),
    (95, 0.12, 1,
     "white minimal minimalist weiß~ putih أبيض بيضاء سفید 白"),
)  # fmt: skip

# main hue, accent hue, chroma share, time of day, words
MOODS: tuple[tuple[int, int, float, str, str], ...] = (
    (18, 75, 1, "dusk",
     "sunset sunrise dusk dawn sonnenuntergang sonnenaufgang abendrot dämmerung terbenam "
     "senja fajar غروب شروق شفق طلوع 日落 夕阳 晚霞 黄昏 日出"),
    (272, 90, 0.9, "night",
     "night midnight moon star stars galaxy space planet nacht mond sterne weltall malam "
     "bulan bintang ليل ليلا ليلة قمر نجوم رات چاند ستارے 夜 月 星"),
    (232, 75, 0.9, "day",
     "sea ocean beach coast lake river meer strand ozean küste laut pantai danau بحر شاطئ "
     "سمندر ساحل 海 湖"),
    (150, 100, 0.8, "day",
     "forest jungle tree leaf garden wald bäume garten hutan pohon kebun غابة شجرة حديقة "
     "جنگل درخت باغ 森林 树 林"),
    (72, 40, 0.8, "day",
     "desert sand dune wüste gurun pasir صحراء ریت 沙漠"),
    (238, 30, 0.4, "day",
     "snow winter ice schnee eis salju ثلج شتاء برف سردی 雪 冬 冰"),
    (48, 25, 1, "dusk", "autumn herbst gugur خريف خزاں 秋"),
    (30, 80, 1, "night", "fire lava feuer نار آگ 火"),
)  # fmt: skip

# made things before all, in this order; then what is said first; hills when nothing else is
SUBJECTS: tuple[tuple[str, str], ...] = (
    ("icon",
     "icon logo symbol emblem badge button ikon lambang أيقونة شعار آئیکن لوگو "
     "图标 标志 徽标"),
    ("login", "login signup signin anmeldung masuk 登录 لاگ"),
    ("screen",
     "ui ux app dashboard website webpage landing mockup wireframe interface webseite "
     "oberfläche startseite aplikasi situs antarmuka تطبيق موقع واجهة لوحة ایپ ویب ڈیش "
     "界面 网站 应用 仪表 原型 网页"),
    ("pattern",
     "pattern texture tile seamless wallpaper muster textur kachel pola tekstur batik نمط "
     "زخرفة نقوش نمونہ 图案 纹理 花纹"),
    ("cat",
     "cat cats kitten katze kater kucing قطة قط هرة بلی 猫 貓"),
    ("dog",
     "dog puppy fox wolf bear animal hund fuchs tiere anjing hewan كلب حيوان کتا جانور 狗 "
     "动物"),
    ("person",
     "portrait person man woman girl boy child people face astronaut porträt mann frau "
     "mensch kinder potret orang wanita pria anak شخصية رجل امرأة شخص طفل آدمی عورت لڑکی "
     "بچہ 人 女孩 男孩 肖像"),
    ("cup",
     "cup mug tea coffee latte cappuccino tasse becher kaffee tee cangkir gelas kopi teh "
     "كوب فنجان قهوة شاي پیالی کپ چائے 杯 茶 咖啡"),
    ("bottle",
     "bottle perfume product cosmetic wine vase serum flasche parfüm produkt botol produk "
     "vas زجاجة عطر منتج بوتل مصنوعات 瓶 香水 产品"),
    ("flower",
     "flower rose tulip bouquet lotus blume blüte bunga mawar زهرة وردة زهور پھول گلاب 花"),
    ("mountain",
     "mountain alps peak snow berg berge bergen gebirge alpen gunung salju جبل جبال پہاڑ "
     "山 雪"),
    ("city",
     "city skyline street tokyo building town stadt straße gebäude kota gedung jalan مدينة "
     "شارع شہر سڑک عمارت 城市 街 楼"),
    ("sea",
     "sea ocean beach coast lake boat ship meer strand küste boot schiff laut pantai kapal "
     "بحر شاطئ سفينة سمندر ساحل کشتی 海 湖 船"),
    ("forest",
     "forest jungle tree woods wald baum bäume hutan pohon غابة شجرة أشجار جنگل درخت 森林 "
     "树"),
    ("hills",
     "landscape hill field meadow desert village farm sunset sunrise dusk dawn night moon "
     "landschaft hügel feld wiese wüste dorf sonnenuntergang nacht pemandangan bukit sawah "
     "gurun senja malam terbenam منظر صحراء حقل غروب شروق قمر ليل منظر میدان کھیت رات چاند "
     "风景 田野 沙漠 日落 夕阳 夜 月"),
)  # fmt: skip

MADE = {"icon", "login", "screen", "pattern"}
GLYPHS: tuple[tuple[str, str], ...] = (
    ("leaf", "leaf plant eco nature blatt pflanze daun ورقة پتہ 叶"),
    ("heart", "heart love health herz liebe hati cinta قلب حب دل محبت 心 爱"),
    ("bolt", "energy power fast bolt blitz energie petir energi برق طاقة بجلی 电"),
    ("talk", "chat message talk bubble nachricht pesan obrolan رسالة محادثة پیغام 聊天 消息"),
    ("sun", "sun weather sonne wetter matahari cuaca شمس طقس سورج موسم 太阳 天气"),
)


def fold(text: str) -> str:
    """Case, vowel marks and accents gone, so that forms of a word meet."""
    marks = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in marks if not unicodedata.combining(c) and c != "ـ")


def tokens(folded: str) -> list[str]:
    return "".join(c if c.isalnum() else " " for c in folded).split()


def says(words: str, folded: str, spoken: list[str]) -> int:
    """Where in the prompt one of `words` is first said; -1 when none is."""
    found: list[int] = []
    for word in map(fold, words.split()):
        stem = word.rstrip("~")
        if ord(stem[0]) >= 0x2E80:  # Chinese writes no spaces
            found.append(folded.find(stem))
        else:
            ends = ("", "s", "e", "en", "er", "es", "em") if word != stem else ("", "s")
            forms = {start + stem + end for start in ("", "ال", "وال", "بال") for end in ends}
            found += [folded.find(t) for t in spoken if t in forms or (len(stem) > 4 and stem in t)]
    return min((at for at in found if at >= 0), default=-1)


def oklch(light: float, chroma: float, hue: float) -> RGB:
    """sRGB of an OKLCH colour, clipped. Source: Ottosson, "A perceptual color space" (2020)."""
    a, b = chroma * cos(radians(hue)), chroma * sin(radians(hue))
    lms = (
        (light + 0.3963377774 * a + 0.2158037573 * b) ** 3,
        (light - 0.1055613458 * a - 0.0638541728 * b) ** 3,
        (light - 0.0894841775 * a - 1.2914855480 * b) ** 3,
    )
    rows = (
        (4.0767416621, -3.3077115913, 0.2309699292),
        (-1.2684380046, 2.6097574011, -0.3413193965),
        (-0.0041960863, -0.7034186147, 1.7076147010),
    )

    def channels() -> Iterator[int]:
        for row in rows:
            v = min(1.0, max(0.0, sum(k * x for k, x in zip(row, lms, strict=True))))
            yield round(255 * (12.92 * v if v <= 0.0031308 else 1.055 * v ** (1 / 2.4) - 0.055))

    red, green, blue = channels()
    return red, green, blue


@dataclass(frozen=True, slots=True)
class Palette:
    """Two hues, how colourful, how light, and the time of day."""

    hue: float
    accent: float
    chroma: float = 1
    accent_chroma: float = 1
    lightness: int = 0  # -1 dark, 1 light, 0 free
    time: str = "day"  # day, dusk, night
    named: bool = False  # a colour was named

    def tone(self, light: float, chroma: float = 0.1, shift: float = 0) -> RGB:
        return oklch(light, chroma * self.chroma, self.hue + shift)

    def pop(self, light: float = 0.74, chroma: float = 0.16) -> RGB:
        return oklch(light, chroma * self.accent_chroma, self.accent)

    @property
    def dark(self) -> bool:
        return self.lightness < 0 or self.time == "night"


def palette(prompt: str, dice: Random) -> Palette:
    """The colours a prompt names, else those of its mood, else a harmonious pair by chance."""
    folded = fold(prompt)
    spoken = tokens(folded)
    named = sorted((at, c) for c in COLOURS if (at := says(c[3], folded, spoken)) >= 0)
    mood = next((m for m in MOODS if says(m[4], folded, spoken) >= 0), None)
    hue = float(dice.choice((18, 40, 75, 140, 185, 225, 255, 285, 320, 350)))
    accent, chroma, time = hue + dice.choice((150, 180, 210, 60, -60)), 1.0, "day"
    if mood:
        hue, accent, chroma, time = float(mood[0]), float(mood[1]), mood[2], mood[3]
    pop = 1.0
    colours = [c for _, c in named]
    light = next((c[2] for c in colours if c[2]), 0)
    if colours:
        first = colours[0]
        accent = accent if mood or first[1] < 0.2 else first[0] + 165
        hue, chroma = float(first[0]), first[1]
    if len(colours) > 1:
        accent, pop = float(colours[1][0]), colours[1][1]
    return Palette(hue + dice.uniform(-5, 5), accent, chroma, pop, light, time, bool(colours))


def subject(prompt: str) -> str:
    """The kind of picture: a name in SUBJECTS, or `abstract`."""
    folded = fold(prompt)
    spoken = tokens(folded)
    said = [(says(words, folded, spoken), name) for name, words in SUBJECTS]
    said = [(at, name) for at, name in said if at >= 0]
    made = [name for _, name in said if name in MADE]
    first = sorted((name == "hills", at, name) for at, name in said)
    kind = made[0] if made else first[0][2] if first else "abstract"
    glyph = next((name for name, words in GLYPHS if says(words, folded, spoken) >= 0), None)
    return f"icon {glyph}" if kind == "icon" and glyph else kind
