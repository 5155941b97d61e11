// The entry of style.css. The components import no CSS, so that their types name none.
import "./styles/index.css";
