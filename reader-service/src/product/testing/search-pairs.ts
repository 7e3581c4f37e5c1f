type SearchedText = {
  rule: string
  text: string
  finds: readonly string[]
  doesNotFind: readonly string[]
}

/** Texts in many scripts, with searches that find them and searches that do not. */
export const searchedTexts: readonly SearchedText[] = [
  // Latin
  {
    rule: 'full case folding',
    text: 'Große Straße, GROẞ; ﬁne ǅ',
    finds: ['STRASSE', 'strasse', 'Straße', 'straß', 'STRAẞE', 'gross', 'FINE', 'ﬁ', 'Ǆ', 'dž'],
    doesNotFind: ['Strase', 'Strafe'],
  },
  {
    rule: 'a text with ss is found with ß',
    text: 'STRASSE',
    finds: ['Straße', 'straß'],
    doesNotFind: ['straße1'],
  },
  {
    rule: 'accents on Latin letters',
    text: 'Crème BRÛLÉE Ame\u0301lie Ångström phở Žižek',
    finds: ['creme brulee', 'CRÈME', 'Amélie', 'AMELIE', 'angstrom', 'Å', 'pho', 'zizek', 'crême'],
    doesNotFind: ['crame', 'reme', 'aangstrom', 'br lee'],
  },
  {
    rule: 'Latin letters without a decomposition',
    text: 'Łódź smørrebrød Æsop Đà Ħal Þór cœur Iğdır Sæði ŋa weiß',
    finds: [
      'lodz',
      'łodz',
      'SMORREBROD',
      'aesop',
      'da',
      'đa',
      'hal',
      'thor',
      'coeur',
      'CŒUR',
      'saedi',
      'ŋa',
      'NA',
    ],
    doesNotFind: ['odz', 'smoerrebroed', 'esop', 'por', 'nga', 'cour'],
  },
  {
    rule: 'the four Turkish i',
    text: 'İstanbul ISPARTA ığdır izmir',
    finds: ['istanbul', 'ISTANBUL', 'ıstanbul', 'isparta', 'ısparta', 'igdir', 'İZMİR', 'IZMIR'],
    doesNotFind: ['stanbul', 'i̇stanbol'],
  },
  {
    rule: 'invisible characters',
    text: 'dish\u00adwasher tea\u2060pot zero\u200bwidth \ufefflamp co\u034fmb',
    finds: ['dishwasher', 'dish\u00adwash', 'teapot', 'te\u200dapot', 'zerowidth', 'lamp', 'comb'],
    doesNotFind: ['washer', 'pot', 'width'],
  },
  {
    rule: 'apostrophes',
    text: 'L’Oréal Hawaiʻi O\u02bcBrien rock \u2018n\u2019 roll Qurʾān',
    finds: [
      "L'Oreal",
      'LʼOréal',
      'l´oréal',
      'Oréal',
      "hawai'i",
      'Hawai\u2019i',
      "o'brien",
      'O\uff07Brien',
      "qur'an",
      "'n'",
    ],
    doesNotFind: ["L'Areal", "h'awai", "o'brian"],
  },
  {
    rule: 'compatibility forms and digits',
    text: 'ＴＥＡ ２０㎏ m² ½ Ⅷ',
    finds: ['tea', '20kg', 'm2', '1 2', 'viii', '２０'],
    doesNotFind: ['0kg', '½3'],
  },
  // Other scripts with capital letters
  {
    rule: 'Greek accents and the final sigma',
    text: 'ΟΔΟΣ Ωμέγα Ἀθῆναι σοφός ΑΫ́ΛΟΣ πλεκτοσήμανση ᾠδή',
    finds: [
      'οδος',
      'οδοσ',
      'οδό',
      'ΩΜΈΓΑ',
      'ωμεγα',
      'αθηναι',
      'ΣΟΦΟΣ',
      'σοφοσ',
      'αυλος',
      'ΠΛΕΚΤΟΣ',
      'πλεκτος',
      'ωδη',
    ],
    doesNotFind: ['οδας', 'μεγα', 'odos'],
  },
  {
    rule: 'Cyrillic accents',
    text: 'Чайник ёлка за\u0301мок Їжак ᲀода',
    finds: ['ЧАЙНИК', 'чаиник', 'елка', 'ЁЛКА', 'замок', 'їжак', 'іжак', 'вода'],
    doesNotFind: ['чойник', 'олка', 'жак', 'chainik'],
  },
  {
    rule: 'Armenian and Georgian letters',
    text: 'ԹԵՅՆԻԿ և ᲩᲐᲘᲓᲐᲜᲘ',
    finds: ['թեյնիկ', 'եւ', 'ჩაიდანი', 'ჩაი'],
    doesNotFind: ['թեյնակ', 'ჩუ'],
  },
  // Points
  {
    rule: 'Hebrew points',
    text: 'שָׁלוֹם קוּמְקוּם \ufb2aם',
    finds: ['שלום', 'שָׁלוֹם', 'קומקום', 'קומ', 'שם'],
    doesNotFind: ['שלים', 'מקום'],
  },
  {
    rule: 'Arabic points, hamza marks, tatweel and presentation forms',
    text: 'كِتَابٌ أحمد شـــاي آلة \ufefb',
    finds: ['كتاب', 'كِتاب', 'احمد', 'أَحْمَد', 'شاي', 'الة', 'لا'],
    doesNotFind: ['كتب', 'حمد', 'شاب'],
  },
  {
    rule: 'the zero-width non-joiner of Persian',
    text: 'می\u200cخواهم',
    finds: ['میخواهم', 'می\u200cخواهم', 'می'],
    doesNotFind: ['خواهم'],
  },
  // Marks that are vowels or part of the letter
  {
    rule: 'Devanagari vowel signs',
    text: 'दिल हिन्दी क़लम',
    finds: ['दिल', 'दि', 'हिन्दी', 'हिन्', 'हिन\u094d\u200dदी', 'क\u093cलम', '\u0958लम'],
    doesNotFind: ['दाल', 'दल', 'दीदी', 'हिन्दु', 'हनद', 'कलम'],
  },
  { rule: 'Bengali vowel signs', text: 'কোলা', finds: ['কোলা', 'ক\u09c7\u09beলা'], doesNotFind: ['কলা', 'কেলা'] },
  { rule: 'Tamil vowel signs', text: 'கொடி', finds: ['கொடி', 'கொ'], doesNotFind: ['கடி', 'கோடி', 'கெ'] },
  { rule: 'Thaana vowel signs', text: 'ދިވެހި', finds: ['ދިވެހި', 'ދިވެ'], doesNotFind: ['ދވހ', 'ދަވެ'] },
  { rule: 'Ethiopic', text: 'ሻይ ቡና', finds: ['ቡና', 'ሻ'], doesNotFind: ['ቡኒ', 'ና'] },
  { rule: 'Tibetan', text: 'ཇ་དམ།', finds: ['ཇ', 'དམ', 'ཇ་དམ'], doesNotFind: ['ཇི', 'མ'] },
  {
    rule: 'Korean syllables, letter by letter',
    text: '한국어 찻주전자',
    finds: ['한국', '하', 'ㅎ', '한구', '한국어'.normalize('NFD'), '찻주'],
    doesNotFind: ['국어', '한극', '주전자'],
  },
  // Scripts without spaces
  {
    rule: 'any part of a Japanese run',
    text: '日本語学校の緑茶セットABC',
    finds: [
      '日',
      '日本',
      '日本語',
      '日本語学',
      '日本語学校',
      '語学',
      '学校',
      '緑茶',
      'セット',
      'ｾｯﾄ',
      '緑茶 日本',
      '校の緑',
      'abc',
    ],
    doesNotFind: ['日語', '学日本', '緑茶の', '日本語字', 'bc', 'せっと', 'セツト'],
  },
  {
    rule: 'a search for more of a run than one piece has',
    text: '東京都千代田区丸の内一丁目の緑茶専門店です',
    finds: ['東京都千代田区丸の内一丁目の緑茶専門店です', '千代田区丸の内一丁目の緑', '東京都千代田区丸'],
    doesNotFind: [
      '東京都千代田区丸の内二丁目の緑茶専門店です',
      '東京都千代田区丸の内一丁目の紅茶',
      '東京都千代田区丸外',
    ],
  },
  {
    rule: 'voiced kana',
    text: 'ガラスのボール ﾎﾟｯﾄ',
    finds: ['ガラス', 'カ\u3099ラス', 'ｶﾞﾗｽ', 'ポット', 'ボール', 'ール'],
    doesNotFind: ['カラス', 'カ', 'ホール', 'ポール', 'ボット'],
  },
  {
    rule: 'Chinese, with an extension and a compatibility ideograph',
    text: '藍色琺瑯茶壺𠮷野家 \uf90a',
    finds: ['茶壺', '琺瑯', '藍色', '𠮷野', '野家', '金'],
    doesNotFind: ['壺茶', '吉野', '藍琺'],
  },
  {
    rule: 'Thai, with tone marks and vowels',
    text: 'กาน้ำชาเขียวญี่ปุ่น',
    finds: ['กาน้ำ', 'ชา', 'เขียว', 'ชาเขียว', 'ญี่ปุ่น', 'กาน้ำชาเขียวญี่ปุ่น'],
    doesNotFind: ['ชี', 'เขียน', 'ญี่ปุน', 'ปุ้น', 'กานำ'],
  },
  { rule: 'Lao', text: 'ກາຊາສີຟ້າ', finds: ['ກາ', 'ຊາ', 'ສີຟ້າ'], doesNotFind: ['ສາ', 'ຟາ'] },
  {
    rule: 'Khmer',
    text: 'ប៉ាន់តែ\u200bខៀវ',
    finds: ['ប៉ាន់', 'តែ', 'ខៀវ', 'ប៉ាន់តែខៀវ'],
    doesNotFind: ['បាន់', 'តា'],
  },
  { rule: 'Burmese', text: 'လက်ဖက်ရည်အိုး', finds: ['လက်ဖက်', 'ရည်', 'အိုး'], doesNotFind: ['လကဖက', 'ရှည်'] },
]
