import type { DeepPartial, Strings } from "../src/index.js";
import { fr } from "../src/strings/fr.js";

/** A portal's languages: one of a file of the package, and a right-to-left one of its own. */
const OWN: Record<string, DeepPartial<Strings>> = {
  fr,
  ar: {
    language: "العربية",
    player: {
      title: "الدعم",
      subtitle: "نرد عادةً خلال دقائق",
      regionLabel: "محادثة مع الدعم",
      emptyTitle: "كيف يمكننا مساعدتك؟",
      emptyText: "اكتب إلينا وستصلك الإجابة هنا، ويمكنك المغادرة والعودة متى شئت.",
      resolved: "تم حل هذه المحادثة. اكتب من جديد وستتواصل.",
      staffName: "الدعم",
    },
    staff: {
      playerOnline: "متصل",
      alsoHere: (names) => `${names} هنا أيضًا`,
      typing: "يكتب…",
    },
    playerStatus: { pending: "بانتظار الرد", active: "المحادثة جارية", resolved: "تم الحل" },
    link: { label: "الاتصال", connecting: "جارٍ الاتصال…", live: "متصل" },
    messages: {
      label: "الرسائل",
      today: "اليوم",
      yesterday: "أمس",
      newSession: (moment) => `جلسة جديدة، ${moment}`,
      toNewest: "إلى أحدث الرسائل",
      unreadFrom: "رسائل غير مقروءة",
      read: (time) => `قُرئت ${time}`,
      newCount: (count) => (count === 1 ? "رسالة جديدة" : `${count} رسائل جديدة`),
      you: "أنت",
      player: "اللاعب",
      typing: (names, count) => (count === 1 ? `${names} يكتب` : `${names} يكتبون`),
    },
    delivery: {
      sending: "جارٍ الإرسال",
      accepted: "تم القبول",
      delivered: "تم التسليم",
      read: "قرأها اللاعب",
    },
    composer: { label: "رسالتك", placeholder: "اكتب رسالة", send: "إرسال" },
    settings: {
      label: "الإعدادات",
      sound: "صوت عند وصول رسائل جديدة",
      notifications: "إشعارات سطح المكتب",
      theme: "المظهر",
      themes: { system: "مثل الجهاز", light: "فاتح", dark: "داكن" },
      language: "اللغة",
      close: "إغلاق",
    },
  },
};

/** A language, with the strings that the package lacks for it. */
export function languageOf(language: string) {
  const strings = OWN[language.split("-")[0] ?? ""];
  return strings === undefined ? { language } : { language, strings };
}
