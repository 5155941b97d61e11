// The entry of which style.css is made: the components themselves import no CSS, so that their types name none.
import "./styles/index.css";
