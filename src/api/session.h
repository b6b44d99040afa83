/* One call that shows samples: its options, and a trainer made for it. */
#ifndef HB_SESSION_H
#define HB_SESSION_H

#include "api/hebb_data.h"
#include "api/net.h"
#include "train/trainer.h"

typedef struct hb_session {
    hb_learner_entry entry;
    hb_trainer trainer;
    hebb_fit_options options;
} hb_session;

/* learner or classifier may be NULL. hb_trainer_free(&session->trainer) ends it. */
hebb_status hb_session_begin(hb_session *session, const char *call, hebb_net *net,
                             hebb_learner *learner, hb_classifier *classifier, const char *encoder,
                             const hebb_dataset *data, const hebb_fit_options *options);
hebb_metrics hb_metrics_of(const hb_sums *sums);
hb_part_of_data hb_whole(const hebb_dataset *data);

#endif
