import { StaffPortal } from "../../StaffPortal.js";
import { showPage } from "../page.js";

showPage("staff", ({ subject, name, token }) => (
  <StaffPortal
    apiUrl=""
    staffId={subject}
    {...(name === null ? {} : { staffName: name })}
    token={token}
    unreadInTitle
    chosenInAddress
  />
));
