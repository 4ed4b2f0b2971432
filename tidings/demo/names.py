"""Where the people of the demo come from: names in their own script, and how they look in an address."""

import msgspec


class Culture(msgspec.Struct, frozen=True):
    """Names of one language.

    Args:
        locale: As a browser says it.
        country: ISO 3166 code.
        cities: Where they live.
        given: First names; behind "=" how an address spells one.
        family: Last names, the same way.
        phone: Begin of a mobile number that nobody has or may have; three digits follow.
    """

    locale: str
    country: str
    cities: tuple[str, ...]
    given: tuple[str, ...]
    family: tuple[str, ...]
    phone: str = ""


def _culture(locale: str, cities: str, given: str, family: str, phone: str = "") -> Culture:
    listed = tuple(cities.split(", ")), tuple(given.split()), tuple(family.split())
    return Culture(locale, locale[-2:], *listed, phone)


# More than once where more customers come from.
CULTURES = (
    *[
        _culture(
            "de-DE",
            "Berlin, Köln, Leipzig, Lübeck, München",
            "Anna Lukas Jürgen=juergen Sophie Björn=bjoern Käthe=kaethe Mia Felix",
            "Weiß=weiss Müller=mueller Schröder=schroeder Becker Krüger=krueger Vogt",
            "+49152012340",
        )
    ]
    * 4,
    *[
        _culture(
            "pl-PL",
            "Kraków, Łódź, Gdańsk, Wrocław",
            "Zofia Michał=michal Łukasz=lukasz Małgorzata=malgorzata Jan Agnieszka",
            "Nowak Wójcik=wojcik Zieliński=zielinski Dąbrowski=dabrowski Król=krol",
        )
    ]
    * 2,
    *[
        _culture(
            "en-GB",
            "London, Leeds, Cardiff, Belfast",
            "Olivia Noah Siân=sian Amir Grace Niamh Zainab",
            "O'Neill=oneill Smith Hughes Okafor Patel Taylor-Byrne",
            "+447700900",
        )
    ]
    * 3,
    _culture(
        "fr-FR",
        "Lyon, Nîmes, Besançon",
        "Chloé=chloe Léo=leo François=francois Maëlle=maelle",
        "Lefèvre=lefevre Dubois Noël=noel",
    ),
    _culture(
        "es-ES",
        "Málaga, Bilbao, Cádiz",
        "Lucía=lucia Íñigo=inigo Begoña=begona Hugo",
        "Núñez=nunez García=garcia Vélez=velez",
    ),
    _culture(
        "pt-PT",
        "Porto, Évora, Braga",
        "Mafalda João=joao Ana Conceição=conceicao",
        "Magalhães=magalhaes Araújo=araujo Sá=sa",
    ),
    _culture(
        "cs-CZ",
        "Plzeň, Brno, Ústí nad Labem",
        "Tereza Jiří=jiri Šárka=sarka Ondřej=ondrej",
        "Dvořák=dvorak Černý=cerny Němec=nemec",
    ),
    _culture(
        "tr-TR",
        "İzmir, Eskişehir, Muğla",
        "Ayşe=ayse İbrahim=ibrahim Çağla=cagla Işıl=isil",
        "Yılmaz=yilmaz Şahin=sahin Öztürk=ozturk",
    ),
    _culture(
        "is-IS",
        "Reykjavík, Ísafjörður",
        "Þóra=thora Björk=bjork Guðmundur=gudmundur",
        "Jónsdóttir=jonsdottir Þorsson=thorsson",
    ),
    _culture("vi-VN", "Hà Nội, Đà Nẵng", "Ánh=anh Dũng=dung Thảo=thao", "Nguyễn=nguyen Trần=tran Đặng=dang"),
    _culture(
        "el-GR",
        "Αθήνα, Θεσσαλονίκη",
        "Ελένη=eleni Γιώργος=giorgos Δήμητρα=dimitra",
        "Παπαδοπούλου=papadopoulou Νικολάου=nikolaou",
    ),
    _culture(
        "uk-UA",
        "Київ, Львів, Харків",
        "Олена=olena Тарас=taras Соломія=solomiia",
        "Їжакевич=yizhakevych Шевченко=shevchenko Ґудзь=gudz Коваль=koval",
    ),
    _culture(
        "bg-BG", "София, Пловдив", "Иван=ivan Цветелина=tsvetelina Мария=maria", "Димитров=dimitrov Георгиева=georgieva"
    ),
    _culture("he-IL", "חיפה, ירושלים", "נועה=noa יוסף=yosef תמר=tamar", "לוי=levi כהן=cohen מזרחי=mizrahi"),
    _culture(
        "ar-EG", "القاهرة, الإسكندرية", "ليلى=layla عمر=omar فاطمة=fatima", "حسن=hassan المصري=elmasry منصور=mansour"
    ),
    _culture("hi-IN", "पुणे, जयपुर", "अनन्या=ananya रोहित=rohit लक्ष्मी=lakshmi", "शर्मा=sharma गुप्ता=gupta सिंह=singh"),
    _culture("th-TH", "กรุงเทพ, เชียงใหม่", "สมชาย=somchai มาลี=malee", "ใจดี=jaidee ศรีสุข=srisuk"),
    _culture("ja-JP", "京都, 札幌", "陽菜=hina 健太=kenta さくら=sakura", "田中=tanaka 佐藤=sato 渡辺=watanabe"),
    _culture("ko-KR", "서울, 부산", "지우=jiwoo 민준=minjun 서연=seoyeon", "김=kim 박=park 이=lee"),
    _culture("zh-TW", "臺北, 高雄", "怡君=yijun 家豪=jiahao 雅婷=yating", "陳=chen 林=lin 黃=huang"),
)
