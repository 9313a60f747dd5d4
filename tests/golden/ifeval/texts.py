"""Raw material for make_pairs.py: sentences of our own in many languages, and fragments that are hard for the checkers."""

LANGUAGES = {
    "af": ["Die kat slaap elke middag op die warm stoep voor ons huis.", "Môre gaan ons met die trein na die see toe ry."],
    "ar": ["ذهبت أمس إلى السوق واشتريت خبزا طازجا وبعض الفواكه.", "الطقس جميل اليوم، لذلك سنجلس في الحديقة مع الأصدقاء."],
    "bg": ["Днес времето е хубаво и ще отидем на разходка в планината.", "Книгата, която ми подари, беше много интересна."],
    "bn": ["আজ সকালে আমি নদীর ধারে হাঁটতে গিয়েছিলাম।", "আমার বোন প্রতিদিন রাতে একটি নতুন গল্প পড়ে।"],
    "ca": ["Avui farem una passejada pel port i després soparem a casa.", "El meu germà treballa en una botiga de llibres antics."],
    "cs": ["Dnes ráno jsme šli na procházku do lesa za městem.", "Můj bratr čte každý večer knihu o hvězdách."],
    "da": ["I morgen skal vi besøge min mormor, som bor ude på landet.", "Katten ligger og sover under bordet i køkkenet."],
    "de": ["Morgen fahren wir mit dem Zug in die Berge und wandern.", "Die Katze schläft gern auf dem warmen Fensterbrett.", "Wir haben gestern lange über das neue Buch gesprochen."],
    "el": ["Σήμερα ο καιρός είναι καλός και θα πάμε στη θάλασσα.", "Ο αδελφός μου διαβάζει κάθε βράδυ ένα βιβλίο."],
    "en": [
        "The cat likes to sleep on the warm window sill.", "Tomorrow we will take the train to the mountains and walk.",
        "She wrote a long letter about the garden and the old house.", "There is no better way to learn than to try it yourself.",
        "Nobody knew why the lights went out in the middle of the night.", "My brother bakes bread every Sunday morning.",
    ],
    "es": ["Mañana iremos en tren a la montaña para caminar un poco.", "El gato duerme tranquilo junto a la ventana de la cocina."],
    "et": ["Homme sõidame rongiga mere äärde ja jääme sinna nädalaks.", "Minu vend loeb igal õhtul raamatut."],
    "fa": ["امروز هوا خوب است و ما به پارک می‌رویم.", "برادر من هر شب پیش از خواب کتاب می‌خواند."],
    "fi": ["Huomenna matkustamme junalla vuorille ja kävelemme metsässä.", "Kissa nukkuu mielellään lämpimällä ikkunalaudalla."],
    "fr": ["Demain nous irons à la montagne en train pour marcher.", "Le chat dort près de la fenêtre de la cuisine."],
    "gu": ["આજે સવારે હું નદી કિનારે ફરવા ગયો હતો.", "મારી બહેન દરરોજ રાત્રે એક નવી વાર્તા વાંચે છે."],
    "he": ["היום מזג האוויר יפה ולכן נצא לטיול בפארק.", "אחי קורא ספר חדש בכל ערב לפני השינה."],
    "hi": ["आज सुबह मैं नदी के किनारे टहलने गया था।", "मेरी बहन हर रात एक नई कहानी पढ़ती है।"],
    "hr": ["Sutra idemo vlakom u planine i ostajemo tjedan dana.", "Moj brat svake večeri čita knjigu o zvijezdama."],
    "hu": ["Holnap vonattal megyünk a hegyekbe kirándulni.", "A macska szívesen alszik a meleg ablakpárkányon."],
    "id": ["Besok kami akan naik kereta ke gunung untuk berjalan kaki.", "Kucing itu suka tidur di dekat jendela dapur."],
    "it": ["Domani andremo in treno in montagna per camminare un po'.", "Il gatto dorme volentieri vicino alla finestra della cucina."],
    "ja": ["明日は電車で山へ行って、ゆっくり歩くつもりです。", "弟は毎晩寝る前に本を読みます。"],
    "kn": ["ಇಂದು ಬೆಳಿಗ್ಗೆ ನಾನು ನದಿಯ ದಡದಲ್ಲಿ ನಡೆಯಲು ಹೋಗಿದ್ದೆ.", "ನನ್ನ ತಂಗಿ ಪ್ರತಿ ರಾತ್ರಿ ಹೊಸ ಕಥೆಯನ್ನು ಓದುತ್ತಾಳೆ."],
    "ko": ["내일 우리는 기차를 타고 산에 가서 걸을 것이다.", "내 동생은 매일 밤 자기 전에 책을 읽는다."],
    "lt": ["Rytoj traukiniu važiuosime į kalnus ir ten vaikščiosime.", "Mano brolis kiekvieną vakarą skaito knygą."],
    "lv": ["Rīt mēs ar vilcienu brauksim uz kalniem un staigāsim.", "Mans brālis katru vakaru lasa grāmatu."],
    "mk": ["Утре ќе одиме со воз на планина и ќе пешачиме.", "Мојот брат секоја вечер чита нова книга."],
    "ml": ["ഇന്ന് രാവിലെ ഞാൻ പുഴയുടെ തീരത്ത് നടക്കാൻ പോയി.", "എന്റെ അനുജത്തി എല്ലാ രാത്രിയും ഒരു പുതിയ കഥ വായിക്കും."],
    "mr": ["आज सकाळी मी नदीच्या काठावर फिरायला गेलो होतो.", "माझी बहीण रोज रात्री एक नवीन गोष्ट वाचते आणि मग झोपते."],
    "ne": ["आज बिहान म नदीको किनारमा घुम्न गएको थिएँ।", "मेरी बहिनी हरेक रात एउटा नयाँ कथा पढ्छिन्।"],
    "nl": ["Morgen gaan we met de trein naar de bergen om te wandelen.", "De kat slaapt graag op de warme vensterbank."],
    "no": ["I morgen skal vi ta toget til fjells og gå en lang tur.", "Katten liker å sove i det varme vinduet."],
    "pa": ["ਅੱਜ ਸਵੇਰੇ ਮੈਂ ਨਦੀ ਦੇ ਕੰਢੇ ਸੈਰ ਕਰਨ ਗਿਆ ਸੀ।", "ਮੇਰੀ ਭੈਣ ਹਰ ਰਾਤ ਇੱਕ ਨਵੀਂ ਕਹਾਣੀ ਪੜ੍ਹਦੀ ਹੈ।"],
    "pl": ["Jutro pojedziemy pociągiem w góry i będziemy wędrować.", "Mój brat każdego wieczoru czyta książkę o gwiazdach."],
    "pt": ["Amanhã vamos de trem para a montanha e vamos caminhar.", "O gato gosta de dormir perto da janela da cozinha."],
    "ro": ["Mâine mergem cu trenul la munte și ne plimbăm prin pădure.", "Fratele meu citește în fiecare seară o carte nouă."],
    "ru": ["Завтра мы поедем на поезде в горы и будем гулять.", "Мой брат каждый вечер читает книгу о звёздах."],
    "sk": ["Zajtra pôjdeme vlakom do hôr a budeme sa prechádzať.", "Môj brat číta každý večer knihu o hviezdach."],
    "sl": ["Jutri se bomo z vlakom peljali v gore in tam hodili.", "Moj brat vsak večer bere knjigo o zvezdah."],
    "so": ["Berri waxaan tareen u raaci doonnaa buuraha si aan u soo lugayno.", "Walaalkay habeen kasta buug cusub ayuu akhriyaa."],
    "sq": ["Nesër do të shkojmë me tren në mal dhe do të ecim.", "Vëllai im lexon çdo mbrëmje një libër të ri."],
    "sv": ["I morgon tar vi tåget till fjällen och går en lång promenad.", "Katten sover gärna på den varma fönsterbrädan."],
    "sw": ["Kesho tutapanda treni kwenda milimani na kutembea huko.", "Ndugu yangu husoma kitabu kipya kila usiku kabla ya kulala."],
    "ta": ["இன்று காலை நான் ஆற்றங்கரையில் நடக்கச் சென்றேன்.", "என் தங்கை ஒவ்வொரு இரவும் ஒரு புதிய கதை படிப்பாள்."],
    "te": ["ఈ రోజు ఉదయం నేను నది ఒడ్డున నడవడానికి వెళ్ళాను.", "మా చెల్లి ప్రతి రాత్రి ఒక కొత్త కథ చదువుతుంది."],
    "th": ["พรุ่งนี้เราจะนั่งรถไฟไปเที่ยวภูเขาด้วยกัน", "น้องชายของฉันอ่านหนังสือทุกคืนก่อนนอน"],
    "tl": ["Bukas ay sasakay kami ng tren papunta sa bundok upang maglakad.", "Ang kapatid ko ay nagbabasa ng aklat gabi-gabi."],
    "tr": ["Yarın trenle dağlara gidip orada yürüyüş yapacağız.", "Kardeşim her akşam yıldızlar hakkında bir kitap okur."],
    "uk": ["Завтра ми поїдемо потягом у гори й будемо гуляти.", "Мій брат щовечора читає книжку про зорі."],
    "ur": ["آج صبح میں دریا کے کنارے سیر کرنے گیا تھا۔", "میری بہن ہر رات ایک نئی کہانی پڑھتی ہے۔"],
    "vi": ["Ngày mai chúng tôi sẽ đi tàu hỏa lên núi để đi bộ.", "Em trai tôi đọc một quyển sách mới mỗi tối trước khi ngủ."],
    "zh-cn": ["明天我们坐火车去山里散步，然后在那里住一个星期。", "我弟弟每天晚上睡觉前都看书。"],
    "zh-tw": ["明天我們坐火車去山裡散步，然後在那裡住一個星期。", "我弟弟每天晚上睡覺前都看書。"],
}

# Places where a sentence may or may not end.
PUNKT = [
    "Mr. Smith went to Washington.", "Dr. Who?", "He arrived at 5 p.m. on Friday.", "He arrived at 5 p.m. The train had left.", "See fig. 3 and p. 12.",
    "I live in the U.S. It is big.", "The U.S. government said no.", "J. R. Tolkien wrote it.", "A. He said so.", "Plan B. It failed.",
    "It cost 3.50. That is cheap.", "Version 2. is out", "No. 5 is alive.", "In 1999. he left", "He was born in 1980. She was not.", "Wait... what?", "Wait ... what?",
    "Wait. . . what happened. . . . Then", "Well..Then", "etc. and so on", "etc. However it rained.", "i.e. this", "e.g. That one.", "Inc. bought Co. yesterday.",
    "\"Stop!\" he cried.", "\"Stop.\" She ran.", "(He left.) She stayed.", "He left (early.) Then", "[See below.] Now go.", "It's over!\" Then", "Really?! Yes!!", "Really??? no",
    "What?No.", "End.Start", "end.start again. Yes", "www.example.com is down. Why?", "Mail a.b@c.de. Thanks.", "a.m. is early", "St. Mary's Rd. is closed.",
    "Gen. Lee Jr. spoke.", "vs. them", "approx. 10", "Jan. 5 was cold. Feb. was not.", "Ph.D. students", "Ltd. The company", "1. First item", "2. Second item\n3. Third item",
    "Is it true?-- Yes.", "He said.-- And left.", "Go.' Then", "one. two. three.", "One. Two. Three.", "ONE. TWO. THREE.", "Yes. no. Maybe. so", "?! ... !?", "...", ". . .", "!", "?",
    "Hmm. \u2014 Right.", "\u201cQuoted.\u201d Next one.", "\u00abOui.\u00bb Non.", "It ended.\u00a0Next one.", "It ended.\u2028Next", "Stop.\tGo.", "Stop.\r\nGo.", "Stop.\n\nGo.", "stop .Go", "stop . Go", "Stop .",
    "##number## corrections", "5. corrections were made", "J. Aron traded. K. Lee did not.", "E. coli is small.", "x. Y. z.", "_. Then", "\u00bd. Then", "\u0661. Then", "-5. then", ".5. Then", ",5. Then", "1,000.5-3. Then",
    "Mr.. Smith", "co-op. Then", "so-called etc. Then", "well-known dr. Who", "D.C. is hot. Is it?", "W.Va. is green.", "That was it; then. There", "He said: yes. it", "Why: because. And,", "a, b. c, d.",
    "\u00c9. coute", "\u0416. Then", "wow!)) Next", "wow!]} \"Next\"", "wow!\" \"Next", "wow.)--Next", "wow. )Next", "A.B.C. is fine. D.E.F", "semi;. colon", "tail.,then. Now", "x.--y. Z", "- item. - Item", "* item. * Item",
]

# For the word tokens and upper-case counts.
WORDS = [
    "NASA and the FBI met.", "I am HERE, OK?", "DON'T STOP!", "don't Stop", "IT'S A TRAP", "CAN'T, WON'T, SHAN'T.", "CANNOT go", "GONNA win", "WANNA play", "WANNA", "GIMME MORE", "LEMME IN", "GOTTA RUN.", "D'YE KNOW", "'TIS ME", "'TWAS HIM",
    "MORE'N ENOUGH", "THEY'LL WE'RE I'VE", "I'll we'RE", "ROCK'N'ROLL", "'S 'T 'D 'X Y", "'A B'", "'Z", "O'NEIL'S HAT", "JAMES' DOG", "U.S.A. U.K.", "THE END.", "THE U.S.A.", "(U.S.A.)", "\"END.\"", "COVID-19 AND X-RAY", "A--B C---D", "A\u2014B", "A\u2013B C",
    "<TAG>X</TAG>", "{A} [B] (C)", "A/B C&D E@F G#H $X 5%Y", "A:B 5:30 PM, 1,000 X,Y", "X: Y, Z;", "X,", "Y:", "\u00abA\u00bb \u201cB\u201d \u2018C\u2019 \u201eD", "``A'' `B`", "''A'' \"B\"", "(\"A\") [''B'']", "*A* **B** ***C***",
    "A... B.. C . D", "...A", "A.)", "A.\"", "A.'  ", "A. \u201d", "A.)\n", "?A!B", "2ND 3RD 4X", "\u00dcBER \u00c9T\u00c9 \u0421\u0421\u0421\u0420 \u0391\u0392", "\u01c5 \u01c4 \u2160 \u24b6 \u00aa", "iOS eBAY", "A_B _ __ A1 1A", "R2-D2", "\U0001d400\U0001d401 \U0001f170",
]

# Markdown and marker fragments for the formats.
MARKS = [
    "* one", "* two\n* three", "*one", "**bold**", "***both***", "*a* *b*", "**a** **b**", "*unclosed", "** spaced **", "* *", "**", "***", "****", "*****", "******", "*******", "*a\nb*", "- item", "-", "--", "---", "  - indented", "\t* tab", "\n\n* after blank",
    "*\n- x", "*\n\n* y", "-5 degrees", "\u2022 dot", "1. num", "+ plus", "* ", "*", "\u00a0* nbsp", "\u2003- em", "[a]", "[]", "[ b ]", "[a][b]", "[[c]]", "[a\nb]", "[open", "close]", "[x](http://y.z)", "[a [b] c]", "P.S. hi", "p.s. hi", "P. S. hi", "PS. hi", "P.S hi", "P.P.S hi",
    "P. P. S hi", "p.p.s. hi", "P.P.S.", "P.\nS.", "P.  S.", "P.\u00a0S.", "xP.S.y", "<<title>>", "<< >>", "<<>>", "<<<x>>>", "<<a\nb>>", "<a>", "<<a>", "<<a>> <<b>>", "<< >> >>", "<<>>>", "<<<>>", "<<>x>>", "<<a>>b>>", "\u00aba\u00bb", "SECTION 1", "SECTION 2", "SECTION1", "SECTION  3", "Section 4", "section 5", "SECTION\n6", "SECTION\u00a07",
    "SECTION \u0661", "SECTION X", "SECTIONSECTION 8", "SUBSECTION 9", "PARAGRAPH 1", "Day 1", "Day 22", "My answer is yes.", "My answer is no.", "My answer is maybe.", "my answer is yes.", "My answer is yes", "My  answer is no.", "My answer is no.!", "\"", "\"quoted\"", "\u201cquoted\u201d", "'single'", "\"\"",
    ",", "\uff0c", "\u060c", "\u3001", ";", "Any other questions?", "Is there anything else I can help with?", "any OTHER questions?\"", "Any other questions? ", "Any other questions", "******\n", "\n******\n", " *** ", "\n***\n", "***\n\n", "\n\n", "\n\n\n", "\n\n\n\n", "\r\n\r\n", " \n\n ",
]

JSONS = [
    '{"a": 1}', '{"a": [1, 2, {"b": null}]}', "[]", "{}", "[1,]", '{"a":1,}', "{'a': 1}", "1", "-0", "01", "1.", "1.5e3", "1e", "1E+5", "-", "+1", ".5", "true", "True", "null", "NaN", "Infinity", "-Infinity", "-NaN", '"text"', '"a\nb"', '"a\\nb"', '"\\u00e9"', '"\\ud800"', '"\\u12"', '"\\x41"', '"\t"',
    '{"a": 1, "a": 2}', '{"a" : 1 }', '{ "a":\n1 }', '{"a" 1}', '{1: 2}', "[1 2]", "[1, 2] x", '\ufeff{"a": 1}', '{"a": "\u2028"}', "\u00a0[1]\u00a0", "[\u00a01]", "nul", '"open', '{"a": {"b": {"c": []}}}', "[[[[[[]]]]]]", "[", "]", "{", '{"a"', '{"a":', '{"a":1', '{"a":1,"b"', "1 2", '""', '"\x7f"', "-1.0E-10", "1.e5", "1_000", "0x10", "[1,,2]", "[,1]",
    '{"k": "*bold*"}', '"\u0661"', "\u0661", "9" * 4301, "9" * 4300, "-" + "9" * 4301, "9" * 4301 + ".0", "9" * 4301 + "e1",
]
FENCES = ["%s", "```json\n%s\n```", "```\n%s\n```", "```JSON\n%s```", "```Json %s ```", "```json```json%s```", "```json```%s```", "``````%s``````", "Here:\n```json\n%s\n```", "%s\nDone.", "  %s  ", "```JSON```json%s```", "```js\n%s\n```", "`%s`", "```json\n%s"]

SNIPPETS = [
    "hello", "World", "WAR toward Warsaw", "the keyword is here", "KEYWORD keywords", "key word", "keyword_", "_keyword", "keyword's", "\u212aeyword", "ma\u017fk MASK", "\u0131nside INSIDE \u0130nside", "stra\u00dfe STRASSE \u1e9e", "\u03c3\u03c2\u03a3 \u039f\u03a3", "caf\u00e9 CAF\u00c9 cafe\u0301", "na\u00efve",
    "banana", "aaaa", "aAaA", "a-b-c", "re-run rerun", "can", "cannot can't", "\u0661\u0662\u0663", "\u00bd \u00b2 \u2160 \u4e00 \u3007", "x\u0301y", "\u0e01\u0e33", "\u0915\u094d\u0937", "#hash #tag!", "!!! wow !!!", "q Q", "e E \u00e9", "http://a.b/c", "a_b", "well-known don't", "\U0001f600 smile", "\u200bzero", "\x1cfs", "\x85nel", "\u180e", "\x00nul", "\u3000wide",
    "thin\u2009space", "tab\there", "cr\rhere", "vt\x0bff\x0c",
]
